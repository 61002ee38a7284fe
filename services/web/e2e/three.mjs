// Three drivers want one charger, and the operator who owns it watches.
import { Browser } from './browser.mjs'
import { status } from './driver.mjs'
import { lose } from './lost.mjs'

async function operator(server) {
  const b = await Browser.open()
  await b.page.goto(`${server}/ops`)
  const dialog = b.page.getByRole('dialog')
  await dialog.getByLabel('Operator secret').fill('demo')
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
  await b.page.getByRole('region', { name: 'Trips', exact: true }).waitFor()
  return b
}

/** A trip in the operator's region, once it shows a state. */
const shows = (page, id, state) =>
  page.getByRole('region', { name: 'Trips', exact: true }).getByRole('listitem').filter({ has: page.locator(`a[href$="${id}"]`) }).filter({ hasText: state }).waitFor()

/** The company of the first stop from João Pessoa to Feira de Santana. */
async function ownerOf(server) {
  const wish = { origin: { city: 'João Pessoa, PB' }, destination: { city: 'Feira de Santana, BA' }, vehicle: { model: 'byd-dolphin' }, soc: 0.9 }
  const answer = await fetch(`${server}/api/v1/plans`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(wish) })
  return (await answer.json()).plans[0].stops[0].company_id
}

/** The first has the charger, the second goes on with another stop, the third gives up; /ops shows it as it happens. */
export const three = (servers) => async (page) => {
  const third = await Browser.open()
  let owner
  try {
    // The drivers ask the company whose charger the best plan begins with.
    const server = servers[await ownerOf(servers.MAR)]
    owner = await operator(server)
    const other = await lose(third.page, server)
    const second = await lose(page, server)
    await shows(owner.page, second.taken, 'CONFIRMED')
    await shows(owner.page, second.id, 'AWAITING_DECISION')
    await shows(owner.page, other.id, 'AWAITING_DECISION')
    await page.getByRole('button', { name: 'Continue with A' }).click()
    await third.page.getByRole('button', { name: 'Give up' }).click()
    await status(page, 'CONFIRMED')
    await status(third.page, 'ABORTED')
    await shows(owner.page, second.id, 'CONFIRMED')
    await shows(owner.page, other.id, 'ABORTED')
  } finally {
    await third.close()
    await owner?.close()
  }
}

