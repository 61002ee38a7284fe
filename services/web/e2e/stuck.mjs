// One trip among many is stuck: how an operator gets to it, by the actions that it takes. Arguments: the company's address,
// the stuck trip, the operator's secret, and how many trips there are.
import { end, say, step } from './steps.mjs'

const [home, stuck, secret, many] = process.argv.slice(2)
const most = 3

/** When a page answers a press: how long until what it does is painted, in ms. */
const pressed = async (page, what, shown) => {
  const began = Date.now()
  await what.click()
  await shown.waitFor()
  return Date.now() - began
}

await step(`the stuck trip among ${many} is open after at most ${most} actions`, {}, async (page) => {
  await page.request.post(`${home}/api/v1/session`, { data: { username: 'operator', password: secret } })
  const total = Number((await page.request.get(`${home}/api/v1/trips?limit=1`)).headers()['x-total-count'])
  if (!(total >= Number(many))) throw new Error(`the company has ${total} trips`)
  const began = Date.now()
  await page.goto(`${home}/ops`)
  const needs = page.getByRole('region', { name: 'Needs attention' })
  const it = needs.getByRole('listitem').filter({ hasText: stuck.slice(-8) })
  await it.waitFor()
  say(`/ops names it after ${Date.now() - began} ms, of ${total} trips`)
  let actions = 0
  const open = page.getByRole('heading', { level: 1 }).filter({ hasText: stuck.slice(-8) })
  const took = await pressed(page, it.getByRole('link'), open)
  actions++
  if (page.url() !== `${home}/ops/trips/${stuck}`) throw new Error(`that is ${page.url()}`)
  await page.getByText(/CAJ|CajuCharge/).first().waitFor()
  say(`its saga is open ${took} ms after ${actions} action${actions > 1 ? 's' : ''}, at most ${most} are wanted`)
  if (actions > most) throw new Error(`${actions} actions`)

  // Without the list of what is wrong: the filter of the trips, and the trip.
  await page.goto(`${home}/ops`)
  const trips = page.getByRole('region', { name: 'Trips', exact: true })
  await trips.getByRole('link').nth(5).waitFor()
  const link = trips.locator(`a[href$="${stuck}"]`)
  if (await link.count()) throw new Error('it is among the first anyway: that shows nothing')
  const filtered = Date.now()
  await trips.getByLabel('Trouble').selectOption('stuck')
  await link.waitFor()
  const alone = await trips.getByRole('listitem').count()
  if (alone !== 1) throw new Error(`${alone} trips are said to be stuck`)
  const found = Date.now() - filtered
  const opened = await pressed(page, link, open)
  say(`by the filter: found ${found} ms after 1 action, open ${opened} ms after 2`)
  for (const [what, ms, bound] of [['found', found, 5000], ['opened', opened, 5000]]) if (ms > bound) throw new Error(`${what} after ${ms} ms, at most ${bound}`)
})
end()
