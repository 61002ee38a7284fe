// A browser for the tests of the app: Chromium without anything that it does by itself.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright-core'

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Where Chromium is; undefined where there is none. */
export const installed = () =>
  (process.env.PATH ?? '')
    .split(delimiter)
    .map((dir) => join(dir, 'chromium'))
    .find(existsSync)

/** Somebody's browser: its own profile, a page, and what it complained about. */
export class Browser {
  /** What the pages wrote to the console as errors and warnings, and what they threw. */
  complaints = []
  /** What a step makes the pages complain about on purpose. */
  expected = []

  static async open(options = {}) {
    const b = new Browser()
    b.dir = mkdtempSync(join(tmpdir(), 'eletrovia-browser-'))
    b.context = await chromium.launchPersistentContext(b.dir, {
      executablePath: installed(),
      args: flags,
      headless: true,
      locale: 'en-GB',
      viewport: { width: 1440, height: 900 },
      ...options,
    })
    b.context.setDefaultTimeout(60_000)
    b.page = b.context.pages()[0] ?? (await b.context.newPage())
    b.page.on('pageerror', (e) => b.complaints.push(`thrown: ${e.message}`))
    b.page.on('console', (m) => {
      if (['error', 'warning'].includes(m.type())) b.complaints.push(`${m.type()}: ${m.text()} (${m.location().url})`)
    })
    return b
  }

  async close() {
    await this.context.close()
    rmSync(this.dir, { recursive: true, force: true })
  }
}
