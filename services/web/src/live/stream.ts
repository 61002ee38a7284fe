import type { Schemas } from '../api/client'

/** An event of the server's stream; data is what the type says in openapi.yaml. */
export interface LiveEvent {
  type: string
  at: string
  trip_id?: string
  data: unknown
}

export interface Listener {
  event(e: LiveEvent): void
  /** The stream has begun, perhaps again: what was shown before may be old. */
  begun(snapshot: Schemas['Snapshot'] | undefined): void
  /** The stream broke; the browser tries again by itself. */
  broke(): void
}

/** Listens to chosen types until the answer is called. The server tells a snapshot first. */
export function listen(types: string[], to: Listener): () => void {
  const source = new EventSource(`/api/v1/events?types=${types.join(',')}`)
  const read = (m: MessageEvent<string>) => JSON.parse(m.data) as LiveEvent
  source.addEventListener('snapshot', (m: MessageEvent<string>) => to.begun(read(m).data as Schemas['Snapshot']))
  source.addEventListener('reset', () => to.begun(undefined))
  for (const type of types) source.addEventListener(type, (m: MessageEvent<string>) => to.event(read(m)))
  source.onerror = () => {
    to.broke()
    // A refusal (401, 429) ends an EventSource for good: it is begun anew after a while.
    if (source.readyState === EventSource.CLOSED) again = setTimeout(restart, 3000)
  }
  let again: ReturnType<typeof setTimeout> | undefined
  let stop = () => {
    clearTimeout(again)
    source.close()
  }
  function restart() {
    stop = listen(types, to)
  }
  return () => stop()
}
