// How smoothly the cars of a recorded stream move on the operator's map. Arguments: the company's address, the operator's
// secret, how many cars report to it, and the address that has them stop.
import { Browser } from './browser.mjs'
import { player, record, sum } from './recording.mjs'
import { end, picture, say, wrong } from './steps.mjs'

const [home, secret, cars, hand] = process.argv.slice(2)
const seconds = 10
const least = 50

/** Records once the server, which is busy with so many who have just come, takes another reader. */
async function patiently(tries) {
  try {
    return await record(home, '/api/v1/events?types=cars', `operator:${secret}`, seconds + 8)
  } catch (e) {
    if (tries === 0) throw e
    await new Promise((go) => setTimeout(go, 2000))
    return patiently(tries - 1)
  }
}

const tape = await patiently(10)
const has = sum(tape)
say(`recorded: ${has.frames} frames of ${has.cars} cars in ${(has.ms / 1000).toFixed(1)} s, ${(has.bytes / 1e6).toFixed(1)} MB`)
if (has.cars < Number(cars) || has.frames < seconds) wrong(`the stream has ${has.frames} frames of ${has.cars} cars, ${cars} report`)
await fetch(`${hand}/park`, { method: 'POST' }) // from here on the page has the machine

/** What a trace says of the page's frames: those that were drawn a second, and those that were dropped. */
async function traced(b, ms) {
  const cdp = await b.context.newCDPSession(b.page)
  const events = []
  cdp.on('Tracing.dataCollected', ({ value }) => events.push(...value))
  await cdp.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'disabled-by-default-devtools.timeline.frame'] } })
  const given = await b.page.evaluate(
    (ms) =>
      new Promise((done) => {
        let n = 0
        const began = performance.now()
        const frame = () => (performance.now() - began < ms ? (n++, requestAnimationFrame(frame)) : done((n * 1000) / (performance.now() - began)))
        requestAnimationFrame(frame)
      }),
    ms,
  )
  const over = new Promise((go) => cdp.once('Tracing.tracingComplete', go))
  await cdp.send('Tracing.end')
  await over
  const of = (name) => events.filter((e) => e.name === name)
  // The page's own compositor: the one that draws most.
  const drawn = new Map()
  for (const e of of('DrawFrame')) drawn.set(e.pid, [...(drawn.get(e.pid) ?? []), e.ts])
  const times = [...drawn.values()].sort((a, z) => z.length - a.length)[0] ?? []
  times.sort((a, z) => a - z)
  const rate = times.length < 2 ? 0 : ((times.length - 1) * 1e6) / (times.at(-1) - times[0])
  const gaps = times.slice(1).map((t, i) => (t - times[i]) / 1000).sort((a, z) => a - z)
  const tasks = of('RunTask').filter((e) => e.dur > 50_000).length
  return { given, rate, p95: gaps[Math.floor(gaps.length * 0.95)], most: gaps.at(-1), dropped: of('DroppedFrame').length, tasks }
}

const own = await player(home, tape)
const b = await Browser.open()
try {
  await b.page.request.post(`${home}/api/v1/session`, { data: { username: 'operator', password: secret } })
  await b.page.goto(`${own.url}/ops`)
  await b.page.getByRole('region', { name: 'Chargers', exact: true }).waitFor()
  await b.page.getByText(new RegExp(`Stations and cars|${cars}`)).first().waitFor()
  await new Promise((go) => setTimeout(go, 3000))
  const t = await traced(b, seconds * 1000)
  await picture(b.page, 'cars of a recorded stream')
  say(`${has.cars} cars on /ops: by the trace ${t.rate.toFixed(1)} frames drawn a second (95% within ${t.p95.toFixed(1)} ms, the longest ${t.most.toFixed(0)} ms, ${t.dropped} dropped, ${t.tasks} tasks over 50 ms); the page was given ${t.given.toFixed(1)}; wanted ${least}`)
  if (t.rate < least) wrong(`${t.rate.toFixed(1)} frames a second, wanted ${least}`)
} finally {
  await b.close()
  own.close()
}
end()
