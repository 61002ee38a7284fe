// Drivers by the API, as many as a step needs: each is registered, so that nobody else's bookings are in the way.

/** Asks a server as a vehicle. It throws the answer where it is a refusal. */
export async function as(server, vehicle, method, path, body) {
  const answer = await fetch(server + path, {
    method,
    headers: {
      ...(vehicle ? { Authorization: 'Basic ' + Buffer.from(`${vehicle.vehicle_id}:${vehicle.secret}`).toString('base64') } : {}),
      'Content-Type': 'application/json',
      ...(method === 'GET' ? {} : { 'Idempotency-Key': crypto.randomUUID() }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const said = await answer.json()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(said)}`)
  return said
}

export const register = (server) => as(server, undefined, 'POST', '/api/v1/vehicles', { model: 'byd-dolphin' })

/** An instant in whole seconds, as windows have them. */
export const instant = (ms) => new Date(Math.floor(ms / 1000) * 1000).toISOString()

/** Books windows for a vehicle at a server; the answer is the trip once it is what it comes to be. */
export async function books(server, vehicle, stops, on_conflict = 'ask') {
  const trip = await as(server, vehicle, 'POST', '/api/v1/trips', { vehicle_id: vehicle.vehicle_id, stops, on_conflict })
  for (const until = Date.now() + 30_000; Date.now() < until; ) {
    const now = await as(server, vehicle, 'GET', `/api/v1/trips/${trip.trip_id}`)
    if (['CONFIRMED', 'AWAITING_DECISION', 'ABORTED'].includes(now.state)) return now
    await wait(100)
  }
  throw new Error(`trip ${trip.trip_id} comes to no end`)
}

export const wait = (ms) => new Promise((go) => setTimeout(go, ms))

/** A driver who books, holds, gives up and cancels until he is told to stop: at each time on the clock a stop of his own,
 * half of them at another company's server, some of them in a trip whose other stop is taken, which keeps a hold. */
export async function restless(servers, evses, taken, from, going) {
  const me = await register(servers[0])
  for (let n = 0; going(); n++) {
    const server = servers[n % servers.length]
    const start = from + Math.floor(Math.random() * 30) * 1_800_000
    const stops = [{ evse_id: evses[Math.floor(Math.random() * evses.length)], start: instant(start), end: instant(start + 1_500_000) }]
    if (n % 3 === 0) stops.push(taken)
    const trip = await books(server, me, stops).catch(() => undefined) // refused: another driver was first
    await wait(500 + Math.random() * 4000)
    if (trip?.state === 'AWAITING_DECISION') {
      await as(server, me, 'POST', `/api/v1/trips/${trip.trip_id}/decision`, { leg: trip.decisions[0].leg, action: 'give_up' }).catch(() => {})
    } else if (trip?.state === 'CONFIRMED') await as(server, me, 'DELETE', `/api/v1/trips/${trip.trip_id}`).catch(() => {})
  }
}
