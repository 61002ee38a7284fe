// What the tests do past the browser: another driver's booking, by the API.

/** Asks a server as a vehicle of the demo. */
export async function ask(server, vehicle, method, path, body) {
  const answer = await fetch(server + path, {
    method,
    headers: {
      Authorization: 'Basic ' + Buffer.from(`${vehicle}:demo`).toString('base64'),
      'Content-Type': 'application/json',
      ...(method === 'GET' ? {} : { 'Idempotency-Key': crypto.randomUUID() }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  })
  const said = await answer.json()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(said)}`)
  return said
}

/** Books one stop's window for a vehicle, and waits until it is its. */
export async function takeStop(server, vehicle, stop) {
  const { evse_id, start, end } = stop
  const trip = await ask(server, vehicle, 'POST', '/api/v1/trips', { vehicle_id: vehicle, stops: [{ evse_id, start, end }], on_conflict: 'abort' })
  for (const until = Date.now() + 20_000; Date.now() < until; ) {
    const { state } = await ask(server, vehicle, 'GET', `/api/v1/trips/${trip.trip_id}`)
    if (state === 'CONFIRMED') return trip.trip_id
    if (['ABORTED', 'COMPENSATING'].includes(state)) throw new Error(`the stop of ${vehicle} is ${state}`)
    await new Promise((go) => setTimeout(go, 100))
  }
  throw new Error(`the stop of ${vehicle} is not confirmed`)
}
