// What a run of steps is: each in a browser of its own, a line each, a picture of each page as it was left, and what failed.
import { join } from 'node:path'
import { Browser } from './browser.mjs'

const began = Date.now()
const failures = []
/** Whether a step is wanted: those whose names ELETROVIA_STEPS, a regular expression, finds; all where it is left out. */
export const wanted = (name) => new RegExp(process.env.ELETROVIA_STEPS ?? '').test(name)

/** The directory where pictures are kept; undefined where nobody wants them. */
export const pictures = process.env.ELETROVIA_PICTURES

export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

export const say = (what) => console.log(`${((Date.now() - began) / 1000).toFixed(1)} s: ${what}`)

/** Notes what is wrong, a line each. */
export function wrong(...lines) {
  for (const line of lines) say(`FAILED: ${line}`)
  failures.push(...lines)
}

/** Keeps a picture of a page under a name. */
export async function picture(page, name) {
  if (!pictures) return
  const file = `${name.replace(/[^\w]+/g, '-').replace(/^-|-$/g, '')}.jpeg`
  await page.screenshot({ path: join(pictures, file), type: 'jpeg', quality: 80, timeout: 20_000 }).catch((e) => say(`no picture of ${name}: ${e.message}`))
}

/** A step in a browser of its own; the console must stay silent, but for what the step expects of it. */
export async function step(name, options, drive) {
  if (!wanted(name)) return undefined
  const b = await Browser.open(options)
  try {
    const answer = await drive(b.page, b)
    const complaints = b.complaints.filter((c) => !b.expected.some((e) => e.test(c)))
    if (complaints.length > 0) throw new Error(`the console: ${complaints.join('\n')}`)
    await picture(b.page, name)
    say(name)
    return answer
  } catch (e) {
    failures.push(name)
    const text = await b.page.locator('body').innerText({ timeout: 5000 }).catch(() => 'no page')
    say(`FAILED: ${name}\n${e.stack}\nat ${b.page.url()}:\n${text}\nconsole: ${b.complaints.join('\n')}`)
    await picture(b.page, `FAILED ${name}`)
  } finally {
    await b.close()
  }
}

/** Ends the run: 1 where anything failed. */
export function end() {
  say(failures.length === 0 ? 'all steps done' : `${failures.length} failures`)
  process.exitCode = failures.length === 0 ? 0 : 1
}
