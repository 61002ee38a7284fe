// A server's event stream as it was: recorded, and played again to a browser in the place of the server's own.
import { createServer, request } from 'node:http'

/** Records a server's stream for a while: what came, and when, in ms from the first of it. */
export async function record(server, path, auth, seconds) {
  const halt = new AbortController()
  const answer = await fetch(server + path, { headers: { Accept: 'text/event-stream', Authorization: 'Basic ' + Buffer.from(auth).toString('base64') }, signal: halt.signal })
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  const pieces = []
  const began = Date.now()
  try {
    for await (const piece of answer.body) {
      pieces.push({ at: Date.now() - began, bytes: Buffer.from(piece) })
      if (Date.now() - began > seconds * 1000) break
    }
  } finally {
    halt.abort()
  }
  return pieces
}

/** What a recording has: its frames of cars, how many cars they tell of, its bytes and its length in ms. */
export function sum(pieces) {
  const events = Buffer.concat(pieces.map((p) => p.bytes)).toString().split('\n\n')
  const known = new Set()
  let frames = 0
  for (const e of events) {
    const data = /^data: ?(.*)$/m.exec(e)?.[1]
    if (!data) continue
    let said
    try {
      said = JSON.parse(data)
    } catch {
      continue // cut off at the end
    }
    const cars = said.type === 'snapshot' ? said.data.cars : said.type === 'cars' ? said.data : undefined
    if (!cars) continue
    if (said.type === 'cars') frames++
    for (const [i] of cars.cars) known.add(i)
  }
  return { frames, cars: known.size, bytes: pieces.reduce((n, p) => n + p.bytes.length, 0), ms: pieces.at(-1).at }
}

/** A server that answers as another one does, but plays a recording to whoever listens to its events. close ends it. */
export async function player(server, pieces) {
  const at = new URL(server)
  const open = new Set()
  const own = createServer((ask, answer) => {
    if (ask.url.startsWith('/api/v1/events')) return play(answer)
    const onward = request({ host: at.hostname, port: at.port, method: ask.method, path: ask.url, headers: ask.headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers)
      got.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    ask.pipe(onward)
  })
  function play(answer) {
    answer.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    const timers = pieces.map((p) => setTimeout(() => answer.write(p.bytes), p.at))
    open.add(answer)
    answer.on('close', () => (timers.forEach(clearTimeout), open.delete(answer)))
  }
  await new Promise((go) => own.listen(0, '127.0.0.1', go))
  return { url: `http://127.0.0.1:${own.address().port}`, close: () => (open.forEach((a) => a.destroy()), own.closeAllConnections(), own.close()) }
}
