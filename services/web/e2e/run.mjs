// Drives the app against a real demo as its visitors do. Arguments: the addresses of the companies' servers. It
// prints a line a step; a step that fails ends it with 1, and the page's text is printed.
import { book, cancel, find, names, signIn, status } from './driver.mjs'
import { takeStop } from './federation.mjs'
import { lookAtAll } from './looks.mjs'
import { occupied, session, tooEarly } from './plug.mjs'
import { end, phone, say, step, wrong } from './steps.mjs'

const [home, elsewhere] = process.argv.slice(2)

/** Books, reloads, and goes on at another company's server, where the trip is cancelled. */
const journey = (vehicle, n) => async (page) => {
  await find(page, home, n)
  const id = await book(page, vehicle, n)
  await status(page, 'CONFIRMED')
  await page.reload()
  await status(page, 'CONFIRMED')
  if ((await page.locator('html').getAttribute('lang')) !== (n === names.pt ? 'pt-BR' : 'en-GB')) throw new Error('the language is lost')
  await page.goto(`${elsewhere}/trips/${id}`)
  if (n === names.pt) await page.getByRole('button', { name: 'Português' }).click()
  await page.getByRole('main').getByRole('button', { name: n.signIn, exact: true }).click()
  await signIn(page, vehicle, n)
  await status(page, 'CONFIRMED')
  await cancel(page, n)
}

/** Finds plans, loses the first stop of one to another driver, and books all the same. */
async function lose(page, vehicle, rival) {
  const answer = page.waitForResponse((r) => r.url().endsWith('/api/v1/plans') && r.request().method() === 'POST')
  await find(page, home)
  const { plans } = await (await answer).json()
  await takeStop(home, rival, plans[0].stops[0])
  const id = await book(page, vehicle)
  await status(page, 'AWAITING_DECISION')
  return id
}

async function operate(page) {
  await page.goto(`${home}/ops`)
  const dialog = page.getByRole('dialog')
  await dialog.waitFor()
  await dialog.getByLabel('Operator secret').fill('demo')
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
  for (const name of ['Needs attention', 'Trips', 'Chargers', 'Federation']) await page.getByRole('region', { name, exact: true }).waitFor()
  await page.getByRole('region', { name: 'Trips', exact: true }).getByRole('link').first().waitFor()
  await page.getByRole('region', { name: 'Federation' }).getByRole('listitem').nth(1).waitFor()
}

await step('desktop, English: booked, reloaded, cancelled elsewhere', {}, journey('EV-0001', names.en))
await step('phone, Portuguese: booked, reloaded, cancelled elsewhere', phone, journey('EV-0002', names.pt))
await step('desktop, Portuguese: booked, reloaded, cancelled elsewhere', {}, journey('EV-0003', names.pt))
await step('phone, English: booked, reloaded, cancelled elsewhere', phone, journey('EV-0004', names.en))
const kept = await step('a stop is lost: goes on with A', {}, async (page) => {
  const id = await lose(page, 'EV-0005', 'EV-0006')
  await page.getByRole('button', { name: 'Continue with A' }).click()
  await status(page, 'CONFIRMED')
  return id
})
await step('a stop is lost: gives up', {}, async (page) => {
  await lose(page, 'EV-0007', 'EV-0008')
  await page.getByRole('button', { name: 'Give up' }).click()
  await status(page, 'ABORTED')
})
await step('at the plug: too early', {}, tooEarly(home))
await step('at the plug: occupied, then free', phone, occupied(home))
await step('at the plug: in time, the session, the bill', {}, session(home))
await step('/ops shows its regions', {}, operate)
if (kept) wrong(...(await lookAtAll(home, { id: kept, vehicle: 'EV-0005' }, say).catch((e) => [e.stack])))
end()
