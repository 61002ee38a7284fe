// What a driver does, by the names that he sees or hears.
import { secretOf } from './federation.mjs'

/** The names of the app's controls in a language. */
export const names = {
  en: {
    from: 'From', to: 'To', find: 'Find plans', plan: /^Plan/, book: 'Book this trip', vehicle: 'Vehicle', secret: 'Secret',
    signIn: 'Sign in', cancel: 'Cancel trip', other: 'Português', mine: 'en',
  },
  pt: {
    from: 'De', to: 'Para', find: 'Buscar planos', plan: /^Plano/, book: 'Reservar esta viagem', vehicle: 'Veículo', secret: 'Segredo',
    signIn: 'Entrar', cancel: 'Cancelar viagem', other: 'English', mine: 'pt-BR',
  },
}

/** Waits until the trip's status contains a word. */
export async function status(page, word) {
  await page.getByRole('status').filter({ hasText: word }).waitFor()
}

/** Types part of a place's name and takes the suggestion that begins with the whole. */
async function choose(page, label, typed, whole) {
  await page.getByLabel(label, { exact: true }).fill(typed)
  await page.getByRole('listbox').getByRole('option', { name: whole }).first().click()
}

/** A long way, of three stops hours from now, and a short one with an empty battery: its stop begins in ten minutes. */
export const ways = {
  long: { to: ['feira de s', /Feira de Santana/] },
  soon: { to: ['recif', /Recife/], battery: '14' },
}

/** Opens the app and looks for plans from João Pessoa. */
export async function find(page, server, n = names.en, way = ways.long) {
  await page.goto(server)
  if (n === names.pt) await page.getByRole('button', { name: 'Português' }).click()
  await choose(page, n.from, 'joao pes', /João Pessoa/)
  await choose(page, n.to, ...way.to)
  if (way.battery) await page.getByLabel('Battery now').fill(way.battery)
  await page.getByRole('button', { name: n.find }).click()
  const first = page.getByRole('radio', { name: n.plan }).first()
  await first.waitFor({ timeout: 40_000 })
  if (!(await first.isChecked())) throw new Error('the first plan is not selected')
}

export async function signIn(page, vehicle, n = names.en) {
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(n.vehicle, { exact: true }).fill(vehicle)
  await dialog.getByLabel(n.secret, { exact: true }).fill(secretOf(vehicle))
  await dialog.getByRole('button', { name: n.signIn, exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
}

/** Books the plan that is selected; signing in on the way. The answer is the trip's id. */
export async function book(page, vehicle, n = names.en) {
  await page.getByRole('button', { name: n.book }).click()
  await signIn(page, vehicle, n)
  await page.waitForURL(/\/trips\/[^/]+$/)
  if (await page.getByRole('button', { name: n.book }).count()) throw new Error('the button to book is still there')
  return page.url().split('/').at(-1)
}

/** Opens a trip that was booked elsewhere, and signs in as its vehicle. */
export async function open(page, server, vehicle, trip) {
  await page.goto(`${server}/trips/${trip}`)
  await page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click()
  await signIn(page, vehicle)
}

/** Cancels the trip that is open, and says yes to what that would do. */
export async function cancel(page, n = names.en) {
  await page.getByRole('button', { name: n.cancel }).click()
  await page.getByRole('button', { name: n.cancel }).click()
  await status(page, 'CANCELED')
}
