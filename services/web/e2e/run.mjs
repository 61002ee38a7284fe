// Drives the app against a real demo as its visitors do. Arguments: the addresses of the companies' servers. It
// prints a line a step; a step that fails ends it with 1, and the page's text is printed.
import { book, cancel, find, names, signIn, status } from './driver.mjs'
import { gantt } from './gantt.mjs'
import { byKeyboard } from './keyboard.mjs'
import { lookAtAll } from './looks.mjs'
import { lose } from './lost.mjs'
import { budget, firstLoad, watched } from './measure.mjs'
import { outOfService } from './out-of-service.mjs'
import { occupied, session, tooEarly } from './plug.mjs'
import { cookieGone, frozen, frozenAndJumped, jumped, revoked } from './sleep.mjs'
import { readme } from './readme.mjs'
import { playEveryScene } from './stage.mjs'
import { end, phone, say, step, wanted, wrong } from './steps.mjs'
import { three } from './three.mjs'

const [home, elsewhere, third] = process.argv.slice(2)

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

// Watched while all the others go on: two minutes at least of a demo in which something happens.
const watch = wanted('heap') ? await watched(home) : undefined

await step('desktop, English: booked, reloaded, cancelled elsewhere', {}, journey('EV-0001', names.en))
await step('phone, Portuguese: booked, reloaded, cancelled elsewhere', phone, journey('EV-0002', names.pt))
await step('desktop, Portuguese: booked, reloaded, cancelled elsewhere', {}, journey('EV-0003', names.pt))
await step('phone, English: booked, reloaded, cancelled elsewhere', phone, journey('EV-0004', names.en))
const kept = await step('a stop is lost: goes on with A', {}, async (page) => {
  const lost = await lose(page, home)
  await page.getByRole('button', { name: 'Continue with A' }).click()
  await status(page, 'CONFIRMED')
  return lost
})
await step('a stop is lost: gives up', {}, async (page) => {
  await lose(page, home)
  await page.getByRole('button', { name: 'Give up' }).click()
  await status(page, 'ABORTED')
})
await step('at the plug: too early', {}, tooEarly(home))
await step('at the plug: occupied, then free', phone, occupied(home))
await step('at the plug: in time, the session, the bill', {}, session(home))
await step('the session ends: the next act asks for the secret', {}, cookieGone(home))
await step('the session is revoked: the page asks by itself', {}, revoked(home))
await step('a frozen page wakes', {}, frozen(home))
await step('the clock jumps by ten minutes', {}, jumped(home))
await step('a frozen page wakes ten minutes later', {}, frozenAndJumped(home))
await step('three drivers want one charger, and its owner watches', {}, three({ MAR: home, SER: elsewhere, CAJ: third }))
await step('all of a booking by keyboard', {}, byKeyboard(home))
await step('the first load is within its budget', {}, async () => {
  const bytes = await firstLoad(home)
  for (const kind of Object.keys(budget)) if (bytes[kind] > budget[kind]) throw new Error(`${kind}: ${bytes[kind]} bytes, at most ${budget[kind]}`)
})
await step('/ops shows its regions', {}, operate)
await step('out of service: the three bookings are named, each driver is asked', {}, outOfService([home, elsewhere]))
const store = process.env.ELETROVIA_DEMO_STORE // of the first company, as browser_test.go says
if (store) await step('the Gantt is what redis-cli reads, at twenty moments', {}, gantt([home, elsewhere], store))
await step('every scene of the stage ends as the rule says', {}, (page) => playEveryScene(page, home, say))
if (kept && wanted('every page')) wrong(...(await lookAtAll(home, kept, say).catch((e) => [e.stack])))
if (watch) {
  const grown = await watch.grown()
  say(`the heap of /ops grew by ${(grown / 1e6).toFixed(1)} MB in ${watch.seconds().toFixed(0)} s`)
  if (grown > 20e6) wrong(`the heap of a watched page grew by ${grown} bytes, at most 20 MB`)
  await watch.close()
}
await readme(home)
end()
