// Each page in both themes and languages: no barrier that axe-core knows, no sideways scroll at 320 px.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Browser } from './browser.mjs'
import { secretOf } from './federation.mjs'
import { question } from './lost.mjs'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

/** What axe-core finds wrong, a line each. */
async function barriers(page) {
  await page.evaluate(axe)
  const found = await page.evaluate((values) => globalThis.axe.run(document, { runOnly: { type: 'tag', values } }), tags)
  return found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary?.replace(/\s+/g, ' ')}`))
}

/** What reaches past a phone's edge. */
async function sideways(page) {
  await page.setViewportSize({ width: 320, height: 640 })
  const past = await page.evaluate(() => {
    const wide = document.documentElement.scrollWidth
    if (wide <= innerWidth) return []
    const out = [...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
    return [`${wide} px wide at ${innerWidth}: ${out.slice(0, 4).map((e) => `${e.tagName}.${e.className} ${e.textContent?.trim().slice(0, 30)}`).join(' | ')}`]
  })
  await page.setViewportSize({ width: 1280, height: 900 })
  return past
}

/** The states of the app that are looked at: a name, and how a browser gets there. */
function states(server, trip) {
  const plans = `${server}/?from=${encodeURIComponent('João Pessoa, PB')}&to=${encodeURIComponent('Feira de Santana, BA')}`
  const credentials = (username) => ({ data: { username, password: secretOf(username) } })
  return [
    ['/', (p) => p.goto(server).then(() => p.locator('#from').waitFor())],
    ['plans', (p) => p.goto(plans).then(() => p.locator('input[name=plan]').first().waitFor())],
    ['sign-in', (p) => p.locator('.book').click().then(() => p.getByRole('dialog').waitFor())],
    ['operator sign-in', (p) => p.goto(`${server}/ops`).then(() => p.getByRole('dialog').waitFor())],
    ['/trips/{id} of a stranger', (p) => p.goto(`${server}/trips/${trip.id}`).then(() => p.locator('main button').waitFor())],
    ['/stage', (p) => p.goto(`${server}/stage`).then(() => p.locator('main button').first().waitFor())],
    ['no such page', (p) => p.goto(`${server}/nothing`).then(() => p.locator('main a').waitFor())],
    ['no plan gets there', async (p) => {
      await p.goto(plans)
      await p.locator('#battery').fill('1')
      await p.locator('form button.first').click()
      await p.locator('.ask [role=alert]').filter({ hasText: /./ }).waitFor()
    }],
    ['a battery that is none', async (p) => {
      await p.goto(plans)
      await p.locator('#battery').fill('full')
      await p.locator('form button.first').click()
      await p.locator('.ask [role=alert]').filter({ hasText: /./ }).waitFor()
    }],
    ['a wrong secret', async (p) => {
      await p.goto(`${server}/trips`)
      await p.locator('main button').click()
      await p.locator('dialog input[name=username]').fill('EV-0001')
      await p.locator('dialog input[name=password]').fill('wrong')
      await p.locator('dialog button.first').click()
      await p.locator('dialog [role=alert]').filter({ hasText: /./ }).waitFor()
    }],
    ['a car is registered', async (p) => {
      await p.goto(`${server}/trips`)
      await p.locator('main button').click()
      await p.locator('dialog p button').click()
      await p.locator('dialog code').first().waitFor()
    }],
    ['/trips, empty', (p) => p.locator('dialog button.first').click().then(() => p.locator('main p a').waitFor())],
    ['an unknown trip', (p) => p.goto(`${server}/trips/01a20000-0000-7000-8000-000000000000`).then(() => p.locator('main [role=alert]').waitFor())],
    ['/trips/{id}', async (p) => {
      await p.request.post(`${server}/api/v1/session`, credentials(trip.vehicle))
      await p.goto(`${server}/trips/${trip.id}`)
      await p.getByRole('status').waitFor()
    }],
    ['what happened', async (p) => {
      await p.locator('.state > details > summary').click()
      await p.locator('.state > details li').first().waitFor()
    }],
    ['cancel, sure?', (p) => p.locator('.acts .stop').click().then(() => p.locator('.acts p').waitFor())],
    ['a question', async (p) => {
      const asks = await question(server)
      await p.request.post(`${server}/api/v1/session`, credentials(asks.vehicle))
      await p.goto(`${server}/trips/${asks.id}`)
      await p.locator('.question').waitFor()
    }],
    ['without a network', async (p) => {
      await p.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
      await p.context().setOffline(true)
      await p.reload()
      await p.getByRole('status').waitFor()
    }],
    ['/trips', (p) => p.context().setOffline(false).then(() => p.goto(`${server}/trips`)).then(() => p.locator('main li').first().waitFor())],
    ['/ops', async (p) => {
      await p.request.post(`${server}/api/v1/session`, credentials('operator'))
      await p.goto(`${server}/ops`)
      await p.locator('[aria-labelledby=trips-title] li').first().waitFor()
    }],
    ['/ops: a charger out of service', async (p) => {
      await p.getByRole('rowheader').getByRole('button').first().click()
      await p.locator('dialog .stop').click()
      await p.locator('dialog .harm:enabled').waitFor()
    }],
    ['/ops/trips/{id}', async (p) => {
      await p.goto(`${server}/ops/trips/${trip.id}`)
      await p.locator('main details').first().waitFor()
      for (const more of await p.locator('main summary').all()) await more.click()
    }],
    ...['broker', 'locks', 'audit'].map((part) => [`/ops: ${part}`, async (p) => {
      await p.goto(`${server}/ops?fed=${part}`)
      await p.locator('#federation-panel p, #federation-panel form').first().waitFor()
    }]),
    ['/ops: a peer is suspended', async (p) => {
      await p.goto(`${server}/ops`)
      await p.locator('#federation summary').first().click()
      await p.locator('#federation .stop').first().click()
      await p.getByRole('dialog').waitFor()
    }],
    ['/ops: found', async (p) => {
      await p.goto(`${server}/ops`)
      await p.locator('main header input').fill('ev-0')
      await p.locator('main header button').click()
      await p.locator('main header .hits').waitFor()
    }],
  ]
}

/** Pages that say all of it in each language, or are in one: what is looked at is each theme. */
const plain = (server) => ['/docs', '/problems/SLOT_TAKEN', '/problems'].map((path) => [path, async (p) => {
  if (!(await p.goto(server + path)).ok()) throw new Error(`${path} is no page`)
}])

/** What is looked at: each language and each theme once; with ELETROVIA_LONG=1 each of the one in each of the other. */
const looks = process.env.ELETROVIA_LONG
  ? [['en', 'light'], ['en', 'dark'], ['pt', 'light'], ['pt', 'dark']]
  : [['en', 'light'], ['pt', 'dark']]

/** Looks at every state; the answer is what is wrong, a line each. */
export async function lookAtAll(server, trip, say) {
  const wrong = []
  for (const [language, theme] of looks) {
    const b = await Browser.open({ bypassCSP: true, colorScheme: theme, reducedMotion: 'reduce', viewport: { width: 1280, height: 900 } })
    try {
      await b.context.addInitScript(([l, t]) => {
        localStorage.setItem('eletrovia.language', l)
        localStorage.setItem('eletrovia.theme', t)
      }, [language, theme])
      for (const [name, go] of [...plain(server), ...states(server, trip)]) {
        await go(b.page)
        const found = [...(await barriers(b.page)), ...(await sideways(b.page))]
        wrong.push(...found.map((f) => `${name}, ${language}, ${theme}: ${f}`))
      }
      say(`every page, ${language}, ${theme}`)
    } finally {
      await b.close()
    }
  }
  return wrong
}
