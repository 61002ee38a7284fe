// A company's server dies while a page is open. Arguments: the address that kills and starts servers, and those of the
// companies, which stay the same when a server comes back.
import { book, find, names, status, ways } from './driver.mjs'
import { ask, register } from './federation.mjs'
import { reloads } from './reload.mjs'
import { end, step } from './steps.mjs'

const [hand, home, ...others] = process.argv.slice(2)

async function tell(what) {
  const answer = await fetch(`${hand}/${what}`, { method: 'POST' })
  if (!answer.ok) throw new Error(`${what}: ${await answer.text()}`)
}

/** A server that is away is what these steps are about; the browser notes each try. */
const away = (b) => b.expected.push(/Failed to load resource|ERR_|status of 50[0-9]/)

/** Waits until every company knows the others' stations: plans have stops of all three. */
async function met() {
  for (const until = Date.now() + 60_000; Date.now() < until; ) {
    const all = await (await fetch(`${home}/api/v1/locations?limit=500`)).json().catch(() => [])
    if (new Set(all.map((l) => l.company_id)).size === 3) return
    await new Promise((go) => setTimeout(go, 200))
  }
  throw new Error('the companies have not met')
}

/** The trip's last state, by the API, once it has one. */
async function settled(vehicle, id) {
  for (const until = Date.now() + 90_000; Date.now() < until; ) {
    const { state } = await ask(home, vehicle, 'GET', `/api/v1/trips/${id}`)
    if (['CONFIRMED', 'ABORTED', 'AWAITING_DECISION'].includes(state)) return state
    await new Promise((go) => setTimeout(go, 200))
  }
  throw new Error(`trip ${id} comes to no end`)
}

await met()
await step('each step is reloaded, and opened at another company’s server', {}, reloads(hand, home, others[0]))
await step('the server dies in the middle of a saga, and comes back', {}, async (page, b) => {
  away(b)
  await find(page, home)
  const vehicle = await register(home)
  await tell('delay/4s')
  const id = await book(page, vehicle)
  await status(page, 'RESERVING')
  await tell('kill/MAR')
  await page.getByText(/^Reconnecting/).waitFor()
  await status(page, 'RESERVING')
  if (await page.getByRole('button', { name: 'Cancel trip' }).count()) throw new Error('what nobody answers can be pressed')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('alert').filter({ hasText: 'You are still signed in' }).waitFor()
  await tell('delay/0s')
  await tell('start')
  await status(page, await settled(vehicle, id))
  await page.getByText(/^Reconnecting/).waitFor({ state: 'detached' })
})
await step('another company dies while it is asked, and comes back', {}, async (page, b) => {
  away(b)
  await met()
  await find(page, home)
  const vehicle = await register(home)
  await tell('delay/4s')
  const id = await book(page, vehicle)
  await status(page, 'RESERVING')
  await tell('kill/CAJ')
  await tell('delay/0s')
  await tell('start')
  await status(page, await settled(vehicle, id))
})
await step('the server dies while a trip is open: its itinerary stays, and is read again', {}, async (page, b) => {
  away(b)
  await met()
  await find(page, home, names.en, ways.soon)
  await book(page, await register(home))
  await status(page, 'CONFIRMED')
  await tell('kill/MAR')
  await page.getByText(/^Reconnecting/).waitFor()
  await page.reload()
  await page.getByText(/^No network. This is the itinerary/).waitFor()
  await tell('start')
  await page.reload()
  await status(page, 'CONFIRMED')
  await page.getByText(/^No network/).waitFor({ state: 'detached' })
  await page.goto(`${others[0]}/nothing/here`)
  await page.getByRole('link', { name: 'Plan a trip' }).first().waitFor()
})
end()
