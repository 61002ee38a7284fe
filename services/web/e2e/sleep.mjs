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

/** Freezes a page: from here to the end of what is meant to happen meanwhile no task of it runs, no timer, no word of its
 * stream. Its clock moves by so many ms in that time. (Chromium without a window takes the command that freezes a page
 * and lets it go on; a debugger that has stopped it does not.) */
async function freeze(b, page, meanwhile, ms = 0) {
  const cdp = await b.context.newCDPSession(page)
  await page.evaluate(() => {
    globalThis.ran = 0
    globalThis.beat = setInterval(() => globalThis.ran++, 50)
  })
  await cdp.send('Debugger.enable')
  const stopped = new Promise((go) => cdp.once('Debugger.paused', go))
  await cdp.send('Debugger.pause')
  const { callFrameId } = (await stopped).callFrames[0]
  const inside = async (expression) => (await cdp.send('Debugger.evaluateOnCallFrame', { callFrameId, expression, returnByValue: true })).result.value
  const before = await inside('globalThis.ran')
  await meanwhile?.()
  await new Promise((go) => setTimeout(go, 1000))
  if ((await inside('globalThis.ran')) !== before) throw new Error('the page is not frozen')
  if (ms > 0) await inside(`globalThis.skipped += ${ms}`)
  await cdp.send('Debugger.resume')
  await cdp.detach()
  await page.evaluate(() => clearInterval(globalThis.beat))
}

/** The page is frozen while its question is answered elsewhere: it is right as soon as it wakes. */
export const frozen = (server) => async (page, b) => {
  const { id, vehicle } = await lose(page, server)
  await freeze(b, page, () => ask(server, vehicle, 'POST', `/api/v1/trips/${id}/decision`, { leg: 1, action: 'give_up' }))
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
  })
  const { id, vehicle } = await lose(page, server)
  const before = await left(page)
  await freeze(b, page, undefined, 600_000)
  await counts(page, before)
  await freeze(b, page, () => ask(server, vehicle, 'POST', `/api/v1/trips/${id}/decision`, { leg: 1, action: 'give_up' }), 600_000)
  await status(page, 'ABORTED')
  if (await page.getByText('Answer within').count()) throw new Error('the page still asks')
}
