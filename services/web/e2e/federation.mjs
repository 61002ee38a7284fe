// What the tests do past the browser: another driver's booking, by the API.

const secrets = new Map()

/** The secret of a vehicle: of one that the demo has, or that has registered here. */
export const secretOf = (vehicle) => secrets.get(vehicle) ?? 'demo'

/** Registers a car; the answer is its id. A demo has few of its own, and each is on one road at a time. */
export async function register(server) {
  const answer = await fetch(`${server}/api/v1/vehicles`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"model": "byd-dolphin"}' })
  const said = await answer.json()
  if (!answer.ok) throw new Error(`registering: ${answer.status} ${JSON.stringify(said)}`)
  secrets.set(said.vehicle_id, said.secret)
  return said.vehicle_id
}

/** Asks a server as a vehicle. */
export async function ask(server, vehicle, method, path, body) {
  const answer = await fetch(server + path, {
    method,
    headers: {
      Authorization: 'Basic ' + Buffer.from(`${vehicle}:${secretOf(vehicle)}`).toString('base64'),
      'Content-Type': 'application/json',
      ...(method === 'GET' ? {} : { 'Idempotency-Key': crypto.randomUUID() }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const said = answer.status === 204 ? undefined : await answer.json()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(said)}`)
  return said
}

/** An instant so many minutes from now, in whole seconds. */
export const inMinutes = (n) => new Date(Math.round(Date.now() / 1000) * 1000 + n * 60_000).toISOString().replace('.000Z', 'Z')

/** A charger's window that nobody has: the n-th charger of a company, from so many minutes from now. */
export async function windowAt(server, company, n, from, minutes) {
  const stations = await (await fetch(`${server}/api/v1/locations?limit=500`)).json()
  const evses = stations.filter((s) => s.company_id === company).flatMap((s) => s.evses)
  return { evse_id: evses.at(n).evse_id, start: inMinutes(from), end: inMinutes(from + minutes) }
}

/** Books one stop's window for a vehicle, and waits until it is its. The answer is the trip's id. */
export async function takeStop(server, vehicle, stop) {
  const { evse_id, start, end } = stop
  const trip = await ask(server, vehicle, 'POST', '/api/v1/trips', { vehicle_id: vehicle, stops: [{ evse_id, start, end }], on_conflict: 'abort' })
  for (const until = Date.now() + 60_000; Date.now() < until; ) {
    const { state } = await ask(server, vehicle, 'GET', `/api/v1/trips/${trip.trip_id}`)
    if (state === 'CONFIRMED') return trip.trip_id
    if (['ABORTED', 'COMPENSATING'].includes(state)) throw new Error(`the stop of ${vehicle} is ${state}`)
    await new Promise((go) => setTimeout(go, 100))
  }
  throw new Error(`the stop of ${vehicle} is not confirmed`)
}
