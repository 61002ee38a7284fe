// What happens to a page that is left alone: its session ends, it is frozen, its clock jumps.
import { book, cancel, find, names, signIn, status, ways } from './driver.mjs'
import { ask, register } from './federation.mjs'
import { lose } from './lost.mjs'
import { say } from './steps.mjs'

/** The browser notes each refusal in the console: a session that has ended is what these steps are about. */
const strangers = (b) => b.expected.push(/status of 401 /)

/** The cookie is gone: the next thing that the driver does asks for the secret again, and nothing is lost. */
export const cookieGone = (server) => async (page, b) => {
  strangers(b)
  await find(page, server, names.en, ways.soon)
  const vehicle = await register(server)
  await book(page, vehicle)
  await status(page, 'CONFIRMED')
  await b.context.clearCookies()
  // The page may find out before the driver does anything: then there is nothing left to press.
  for (const press of [1, 2]) {
    if (await page.getByRole('dialog').isVisible()) break
    await page.getByRole('button', { name: 'Cancel trip' }).click({ timeout: 5000 }).catch(() => say(`press ${press}: it asks already`))
  }
  await signIn(page, vehicle)
  await status(page, 'CONFIRMED')
  await cancel(page)
}

/** The driver ends all his sessions elsewhere: this page asks by itself. */
export const revoked = (server) => async (page, b) => {
  strangers(b)
  await find(page, server, names.en, ways.soon)
  const vehicle = await register(server)
  await book(page, vehicle)
  await status(page, 'CONFIRMED')
  for (const one of await ask(server, vehicle, 'GET', '/api/v1/sessions')) await ask(server, vehicle, 'DELETE', `/api/v1/sessions/${one.session_id}`)
  await signIn(page, vehicle)
  await status(page, 'CONFIRMED')
  await cancel(page)
}

/** The page is frozen while its question is answered elsewhere: it is right as soon as it wakes. */
export const frozen = (server) => async (page, b) => {
  const { id, vehicle } = await lose(page, server)
  const cdp = await b.context.newCDPSession(page)
  await cdp.send('Page.setWebLifecycleState', { state: 'frozen' })
  await ask(server, vehicle, 'POST', `/api/v1/trips/${id}/decision`, { leg: 1, action: 'give_up' })
  await cdp.send('Page.setWebLifecycleState', { state: 'active' })
  await status(page, 'ABORTED')
  if (await page.getByText('Answer within').count()) throw new Error('the page still asks')
}

/** How many seconds a page says are left of its question. */
const left = async (page) => {
  const text = await page.getByText(/^Answer within/).innerText()
  const n = Number(/within (\d+)/.exec(text)?.[1])
  return /\d s/.test(text) ? n : n * 60
}

/** Waits until a page counts its question down from no more than n seconds. */
const counts = async (page, n) => {
  for (const until = Date.now() + 20_000; Date.now() < until; await new Promise((go) => setTimeout(go, 200))) {
    const now = await left(page)
    if (now > 0 && now <= n) return now
  }
  throw new Error(`the page says that ${await left(page)} s are left, ${n} s were before`)
}

/** The machine's clock jumps by ten minutes, as after a sleep: the countdown goes on by the server's. */
export const jumped = (server) => async (page) => {
  await page.clock.install()
  await lose(page, server)
  const before = await left(page)
  await page.clock.fastForward(600_000)
  await counts(page, before)
}

/** The page is frozen and wakes ten minutes later by its clock, which has moved without it: no timer of it has run. What
 * it asks it counts down by the server's time; what was decided meanwhile it shows. */
export const frozenAndJumped = (server) => async (page, b) => {
  await b.context.addInitScript(() => {
    const [now, since] = [Date.now, performance.now.bind(performance)]
    const Real = Date
    globalThis.skipped = 0
    globalThis.Date = new Proxy(Real, { construct: (of, args, as) => Reflect.construct(of, args.length ? args : [now() + globalThis.skipped], as) })
    Real.now = () => now() + globalThis.skipped
    performance.now = () => since() + globalThis.skipped
    globalThis.ran = 0
    setInterval(() => globalThis.ran++, 100)
  })
  const { id, vehicle } = await lose(page, server)
  const before = await left(page)
  const cdp = await b.context.newCDPSession(page)
  const sleep = async (meanwhile) => {
    await cdp.send('Page.setWebLifecycleState', { state: 'frozen' })
    await page.evaluate(() => (globalThis.skipped += 600_000))
    const ran = await page.evaluate(() => globalThis.ran)
    await new Promise((go) => setTimeout(go, 1000))
    if ((await page.evaluate(() => globalThis.ran)) !== ran) throw new Error('the page is not frozen')
    await meanwhile?.()
    await cdp.send('Page.setWebLifecycleState', { state: 'active' })
  }
  await sleep()
  await counts(page, before)
  await sleep(() => ask(server, vehicle, 'POST', `/api/v1/trips/${id}/decision`, { leg: 1, action: 'give_up' }))
  await status(page, 'ABORTED')
  if (await page.getByText('Answer within').count()) throw new Error('the page still asks')
}
