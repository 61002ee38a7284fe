// Figures of the app: what a first visit loads, when it can be used, how long an event takes to the screen, how smoothly cars
// move, and how the heap grows.
import { Browser } from './browser.mjs'
import { open } from './driver.mjs'
import { ask, register, takeStop, windowAt } from './federation.mjs'

/** Most bytes of a first load, compressed as they are sent, by kind. */
export const budget = { code: 80 * 1024, fonts: 90 * 1024, map: 35 * 1024 }

const kindOf = (path) => (/\.woff2$/.test(path) ? 'fonts' : /\/base-.*\.json$/.test(path) ? 'map' : /\.(js|css)$/.test(path) ? 'code' : 'other')

/** What the first visit of / loads, in bytes by kind; the service worker, which loads the rest later, is left out. */
export async function firstLoad(server) {
  const b = await Browser.open({ serviceWorkers: 'block' })
  try {
    const cdp = await b.context.newCDPSession(b.page)
    await cdp.send('Network.enable')
    const paths = new Map()
    const sum = { code: 0, fonts: 0, map: 0, other: 0 }
    cdp.on('Network.responseReceived', (e) => paths.set(e.requestId, new URL(e.response.url).pathname))
    cdp.on('Network.loadingFinished', (e) => {
      const path = paths.get(e.requestId) ?? ''
      if (!path.startsWith('/api/')) sum[kindOf(path)] += e.encodedDataLength
    })
    await b.page.goto(server, { waitUntil: 'networkidle' })
    await b.page.locator('#from').waitFor()
    return sum
  } finally {
    await b.close()
  }
}

/** When the field From is there and is listened to, in ms from the start of the navigation; of each of some first visits. */
export async function interactive(server, visits) {
  const all = []
  for (let n = 0; n < visits; n++) {
    const b = await Browser.open()
    try {
      await b.context.addInitScript(() => {
        const look = () => (document.querySelector('#from') ? (globalThis.ready = performance.now()) : requestAnimationFrame(look))
        look()
      })
      await b.page.goto(server)
      await b.page.waitForFunction(() => globalThis.ready)
      all.push(await b.page.evaluate(() => globalThis.ready))
    } finally {
      await b.close()
    }
  }
  return sorted(all)
}

/** From when a trip's end was written to when its page shows it, in ms; of each of some trips. */
export async function events(server, trips) {
  const vehicle = await register(server)
  const all = []
  const b = await Browser.open()
  try {
    for (let n = 0; n < trips; n++) {
      const trip = await takeStop(server, vehicle, await windowAt(server, 'MAR', n, 24 * 60, 30))
      if (n === 0) await open(b.page, server, vehicle, trip)
      else await b.page.goto(`${server}/trips/${trip}`)
      await b.page.getByRole('status').filter({ hasText: 'CONFIRMED' }).waitFor()
      await b.page.evaluate(() => {
        globalThis.shown = 0
        new MutationObserver(() => {
          if (!globalThis.shown && document.querySelector('[role=status]')?.textContent?.includes('CANCELED')) globalThis.shown = Date.now()
        }).observe(document.body, { subtree: true, childList: true, characterData: true })
      })
      await ask(server, vehicle, 'DELETE', `/api/v1/trips/${trip}`)
      await b.page.waitForFunction(() => globalThis.shown)
      const written = Date.parse((await ask(server, vehicle, 'GET', `/api/v1/trips/${trip}`)).updated_at)
      all.push((await b.page.evaluate(() => globalThis.shown)) - written)
    }
  } finally {
    await b.close()
  }
  return sorted(all)
}

/** A page that is left open and watched: grown answers by how many bytes its heap has grown since the first look. */
export async function watched(server) {
  const b = await Browser.open()
  const cdp = await b.context.newCDPSession(b.page)
  await cdp.send('HeapProfiler.enable')
  const used = async () => {
    await cdp.send('HeapProfiler.collectGarbage')
    return (await cdp.send('Runtime.getHeapUsage')).usedSize
  }
  await b.page.goto(`${server}/ops`)
  const dialog = b.page.getByRole('dialog')
  await dialog.getByLabel('Operator secret').fill('demo')
  await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
  await b.page.getByRole('region', { name: 'Trips', exact: true }).waitFor()
  const first = await used()
  const began = Date.now()
  return { grown: async () => (await used()) - first, seconds: () => (Date.now() - began) / 1000, close: () => b.close() }
}

const sorted = (all) => all.map((n) => Math.round(n)).sort((a, b) => a - b)
