// The chargers' Gantt beside Redis, under load: at twenty random moments its bars are what redis-cli has read.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { as, books, instant, register, restless, wait } from './crowd.mjs'

const run = promisify(execFile)

/** How old a page may be. An event takes a moment to the page, which gathers for 200 ms, or twice as long as its last
 * reading took, and reads then; a hold that lapses is gone with the next second of the page's clock. Four processes on
 * two cores make of that 1 s commonly, so twice that is a page that is behind. */
const bound = 2000
const moments = 20

/** Every entry of every cal:, a line each: evse|kind|end|reservation|start|ms left of its lock. */
const reading = `local out = {}
for _, key in ipairs(redis.call('KEYS', 'cal:*')) do
  local home, evse = string.match(key, '^cal:{(.-)}:(.*)$')
  local all = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  for i = 1, #all, 2 do
    local left = -2
    if string.sub(all[i], 1, 1) == 'H' then left = redis.call('PTTL', 'lock:{' .. home .. '}:' .. evse .. ':' .. string.match(all[i], '[^|]*$')) end
    out[#out + 1] = evse .. '|' .. all[i] .. '|' .. all[i + 1] .. '|' .. left
  end
end
return out`

/** What Redis has at a moment: each entry, and when its hold lapses. A hold without a lock has lapsed already. */
async function look(port) {
  const began = Date.now()
  const { stdout } = await run('redis-cli', ['-p', port, 'eval', reading, '0'])
  const entries = new Map()
  for (const line of stdout.split('\n').filter(Boolean)) {
    const [evse, kind, end, id, start, left] = line.split('|')
    if (kind === 'H' && Number(left) < 0) continue
    entries.set(`${id} ${evse} ${kind} ${Number(start)} ${Number(end)}`, kind === 'H' ? began + Number(left) : 0)
  }
  return { began, ended: Date.now(), entries }
}

/** What the page shows at a moment, in the same words. */
const shown = (page) =>
  page.evaluate(() => {
    const entries = [...document.querySelectorAll('[data-reservation]')].map((bar) => {
      const { reservation, state, start, end, expires } = bar.dataset
      const kind = state === 'PENDING' || state === 'CLAIMED' ? 'H' : 'R'
      const evse = bar.closest('[data-evse]').dataset.evse
      return [`${reservation} ${evse} ${kind} ${Date.parse(start) / 1000} ${Date.parse(end) / 1000}`, expires ? Date.parse(expires) : 0]
    })
    return { at: Date.now(), entries }
  })

/** What of a page is not as Redis was in the time before: each entry that stood all that time must be there, and what is
 * there must have stood at some moment of it. */
export function differs(page, looks) {
  const within = looks.filter((l) => l.ended >= page.at - bound && l.began <= page.at + 300)
  const bars = new Map(page.entries)
  const wrong = []
  for (const [entry] of within[0].entries) {
    if (!bars.has(entry) && within.every((l) => l.entries.has(entry))) wrong.push(`redis has ${entry}, the page has not`)
  }
  for (const [entry, expires] of bars) {
    const at = within.filter((l) => l.entries.has(entry))
    if (at.length === 0) wrong.push(`the page has ${entry}, redis has not`)
    else if (expires && !at.some((l) => Math.abs(l.entries.get(entry) - expires) < 1500)) {
      wrong.push(`the page counts ${entry} down to ${new Date(expires).toISOString()}, its lock to ${new Date(at.at(-1).entries.get(entry)).toISOString()}`)
    }
  }
  return wrong
}

/** The step: home's operator looks at /ops while drivers book at home and elsewhere; store is home's Redis. */
export const gantt = (servers, store) => async (page) => {
  const port = store.split(':').at(-1)
  const [home] = servers
  await page.request.post(`${home}/api/v1/session`, { data: { username: 'operator', password: 'demo' } })
  const { calendars } = await (await page.request.get(`${home}/api/v1/calendars`)).json()
  const evses = calendars.map((c) => c.evse_id)
  const from = Math.ceil(Date.now() / 3_600_000) * 3_600_000 + 3_600_000
  const keeper = await register(home)
  const taken = { evse_id: evses[0], start: instant(from + 17 * 3_600_000), end: instant(from + 17.5 * 3_600_000) }
  const kept = await books(home, keeper, [taken])
  await page.goto(`${home}/ops?hours=24&from=${new Date(from - 3_600_000).toISOString()}`)
  await page.locator('[data-reservation]').first().waitFor()

  let going = true
  const looks = []
  const watching = (async () => {
    while (going) {
      looks.push(await look(port))
      await wait(100)
    }
  })()
  const crowd = Array.from({ length: 10 }, () => restless(servers, evses.slice(1, 13), taken, from, () => going))
  let bars = 0
  let holds = 0
  const wrong = []
  try {
    await wait(4000)
    for (let n = 0; n < moments; n++) {
      await wait(300 + Math.random() * 1200)
      const now = await shown(page)
      await wait(400)
      wrong.push(...differs(now, looks).map((w) => `moment ${n}: ${w}`))
      bars += now.entries.length
      holds += now.entries.filter(([, expires]) => expires).length
    }
  } finally {
    going = false
    await Promise.allSettled([watching, ...crowd])
  }
  await as(home, keeper, 'DELETE', `/api/v1/trips/${kept.trip_id}`)
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
  if (bars < 60 || holds < 10) throw new Error(`${bars} bars and ${holds} holds in ${moments} moments: too few to say anything`)
  return { bars, holds, looks: looks.length }
}
