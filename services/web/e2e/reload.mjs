// A journey whose page is reloaded at each step, and whose trip is opened at another company's server at each step too:
// both show what was shown.
import { Browser } from './browser.mjs'
import { cancel, find, names, signIn, status, ways } from './driver.mjs'
import { register, secretOf } from './federation.mjs'
import { lose } from './lost.mjs'
import { say } from './steps.mjs'

/** What goes on by itself while nothing happens: times that count, what a session has taken by now. */
const counts = [/\d+ (s|min)\b( \d+ s)?/g, /\b\d+%/g, /[\d.,]+ kWh/g]

/** What a page says, and which of its choices are taken; passing is left out, and so is a countdown. */
const shown = async (page, passing) => {
  let text = await page.getByRole('main').innerText()
  for (const what of passing) text = text.replaceAll(what, '…')
  const picked = await page.getByRole('radio', { checked: true }).evaluateAll((all) => all.map((r) => `${r.name} ${[...document.getElementsByName(r.name)].indexOf(r)}`))
  const typed = await page.locator('#from, #to, #battery').evaluateAll((all) => all.map((i) => i.value))
  const who = await page.getByText(/^Signed in as /).allInnerTexts()
  return [...text.split('\n').map((l) => l.trim()).filter(Boolean), ...picked, ...typed, ...who].join('\n')
}

/** Waits until a page says something; the error tells what it says instead. */
async function says(page, step, want, read) {
  let now
  for (const until = Date.now() + 20_000; Date.now() < until; await new Promise((go) => setTimeout(go, 150))) {
    now = await read().catch((e) => e.message)
    if (now === want) return
  }
  const [had, has] = [want.split('\n'), now.split('\n')]
  throw new Error(`${step}, ${page.url()}:\nlost: ${had.filter((l) => !has.includes(l)).join(' | ')}\nnew: ${has.filter((l) => !had.includes(l)).join(' | ')}`)
}

/** What a page says once it has said the same for a second. */
async function steady(page, passing) {
  let before = ''
  for (const until = Date.now() + 20_000; Date.now() < until; await new Promise((go) => setTimeout(go, 1000))) {
    const now = await shown(page, passing)
    if (now === before) return now
    before = now
  }
  throw new Error(`${page.url()} does not come to rest:\n${before}`)
}

/** What is the same of a trip wherever it is opened: its state, its stops with theirs, and what it asks. */
const ofTheTrip = (page) => async () => {
  const words = await page.getByRole('status').first().locator('strong').innerText()
  const stops = await page.locator('[data-leg] :is(h3, .foot > strong, .badge)').allInnerTexts()
  const asks = await page.getByRole('region', { name: /was lost$/ }).locator('h2, label bdi').allInnerTexts()
  return [words, ...stops, ...asks].join('\n')
}

/** The whole: hand is the address that delays what companies ask one another, and has a car report. */
export const reloads = (hand, home, elsewhere) => async (page) => {
  const tell = (what, body) => fetch(`${hand}/${what}`, { method: 'POST', body }).then(async (a) => {
    if (!a.ok) throw new Error(`${what}: ${await a.text()}`)
  })
  const other = await Browser.open()

  /** Reloads, and opens the trip at the other server, if there is one. While a saga runs the stops change, not the trip. */
  const survives = async (step, { passing = [], runs = false } = {}) => {
    const read = runs ? () => page.locator('[data-leg] h3').allInnerTexts().then((all) => all.join('\n')) : () => shown(page, passing)
    // What was unfolded is folded after a reload, as everywhere.
    await page.locator('main details[open]').evaluateAll((all) => all.forEach((d) => (d.open = false)))
    const want = runs ? await read() : await steady(page, passing)
    if (want === '') throw new Error(`${step}: the page shows nothing`)
    await page.reload()
    await says(page, step, want, read)
    if (/\/trips\//.test(page.url())) {
      const id = page.url().split('/').at(-1)
      await other.page.goto(`${elsewhere}/trips/${id}`)
      if (!runs) await says(other.page, `${step}, at another company's server`, await ofTheTrip(page)(), ofTheTrip(other.page))
    }
    if (runs) await status(page, 'RESERVING')
    if (runs) await status(other.page, 'RESERVING')
    say(`reloaded: ${step}`)
  }
  /** Signs in at the other server, whose page asks the vehicle's own about it. */
  const alsoThere = async (vehicle) => {
    await other.page.goto(`${elsewhere}/trips`)
    await other.page.getByRole('main').getByRole('button', { name: 'Sign in', exact: true }).click()
    await signIn(other.page, vehicle)
  }
  const vehicle = await register(home)

  try {
    await find(page, home)
    await page.getByRole('radio', { name: names.en.plan }).nth(1).check()
    await survives('plans shown, the second picked')

    await page.getByText('Change stop 1').click()
    await page.getByRole('button', { name: 'Keep this stop' }).click()
    await page.getByRole('button', { name: 'Undo' }).waitFor()
    await survives('a plan edited')
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByRole('button', { name: 'Undo' }).waitFor({ state: 'detached' })

    await page.getByRole('banner').getByRole('button', { name: 'Sign in', exact: true }).click()
    await signIn(page, vehicle)
    await survives('signed in')
    await alsoThere(vehicle)

    await tell('delay/CAJ/6s')
    await page.getByRole('button', { name: 'Book this trip' }).click()
    await page.waitForURL(/\/trips\//)
    await status(page, 'RESERVING')
    await survives('the saga under way', { runs: true })
    await tell('delay/0s')
    await status(page, 'CONFIRMED')
    await survives('CONFIRMED')
    await cancel(page)
    await survives('canceled')

    await find(page, home, names.en, ways.soon)
    await survives('a battery that is low')
    await page.getByRole('button', { name: 'Book this trip' }).click()
    await page.waitForURL(/\/trips\//)
    await status(page, 'CONFIRMED')
    await tell(`report/${vehicle}`, JSON.stringify({ secret: secretOf(vehicle), lat: -7.3, lon: -34.95, soc: 0.13 }))
    await page.getByText('The car has 13% now.').waitFor()
    await survives('on the road')
    await page.getByText('The car has 13% now.').waitFor()

    await page.getByText('Plug in at stop 1, or change it').click()
    await page.getByRole('button', { name: 'I have plugged in' }).first().click()
    await page.getByText(/^Charging for/).waitFor()
    await survives('a session', { passing: counts })
    await page.getByLabel('Battery, percent').fill('60')
    await page.getByRole('button', { name: 'I have unplugged' }).click()
    await page.getByRole('group', { name: 'Bill' }).filter({ hasText: /R\$/ }).waitFor()
    await status(page, 'COMPLETED')
    await survives('the bill')

    await page.getByRole('button', { name: 'Sign out' }).click()
    await other.page.getByRole('button', { name: 'Sign out' }).click()
    const lost = await lose(page, home)
    await alsoThere(lost.vehicle)
    await survives('a question', { passing: counts })
    await page.getByRole('button', { name: 'Continue with A' }).click()
    await status(page, 'CONFIRMED')
    await survives('continued with A')
    await page.getByText('Plug in at stop 2, or change it').click()
    await page.getByRole('button', { name: 'Other choices for stop 2' }).click()
    const taken = page.waitForResponse((r) => r.url().endsWith('/swap'))
    await page.getByRole('listitem').getByRole('button', { name: 'Take this one' }).first().click()
    if (!(await taken).ok()) throw new Error(`swapping: ${await (await taken).text()}`)
    await status(page, 'CONFIRMED')
    await survives('swapped')
  } finally {
    await tell('delay/0s')
    await other.close()
  }
}
