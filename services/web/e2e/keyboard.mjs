// A booking without a pointer.
import { status } from './driver.mjs'
import { register, secretOf } from './federation.mjs'

/** Presses Tab until a control has the focus. */
async function tabTo(page, control) {
  await control.waitFor()
  for (let n = 0; n < 120; n++) {
    if (await control.evaluate((e) => e === document.activeElement)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`${control} is not reached by Tab`)
}

async function press(page, name) {
  await tabTo(page, page.getByRole('button', { name, exact: true }).first())
  await page.keyboard.press('Enter')
}

async function place(page, label, typed, whole) {
  await tabTo(page, page.getByLabel(label, { exact: true }))
  await page.keyboard.type(typed)
  await page.getByRole('option', { name: whole }).first().waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
}

/** From the empty page to a booked trip, what happened to it, and its cancelling. */
export const byKeyboard = (server) => async (page) => {
  const vehicle = await register(server)
  await page.goto(server)
  await place(page, 'From', 'joao pes', /João Pessoa/)
  await place(page, 'To', 'feira de s', /Feira de Santana/)
  await press(page, 'Find plans')
  await tabTo(page, page.getByRole('radio', { name: /^Plan 1/ }))
  await press(page, 'Book this trip')
  await tabTo(page, page.getByRole('dialog').getByLabel('Vehicle', { exact: true }))
  await page.keyboard.type(vehicle)
  await tabTo(page, page.getByRole('dialog').getByLabel('Secret', { exact: true }))
  await page.keyboard.type(secretOf(vehicle))
  await page.keyboard.press('Enter')
  await status(page, 'CONFIRMED')
  await tabTo(page, page.getByText('What happened', { exact: true }))
  await page.keyboard.press('Enter')
  await page.getByRole('listitem').filter({ hasText: /was asked to book stop 3/ }).first().waitFor()
  await press(page, 'Cancel trip')
  await press(page, 'Cancel trip')
  await status(page, 'CANCELED')
}
