import type { Schemas } from '../api/client'
import { Hub, type Wish, type Word } from './hub'
import { openStream } from './source'
import { whenWoken } from './woken'

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
  begun(snapshot: Schemas['LiveSnapshot'] | undefined): void
  /** The stream broke; it is tried again by itself. */
  broke(): void
}

/** A stream of this page alone, where the browser has no shared workers. */
const own = new Hub(openStream)

/** Listens to chosen types until the answer is called. The server tells a snapshot first. */
export function listen(types: string[], to: Listener): () => void {
  const hear = (w: Word) => {
    if ('broke' in w) return to.broke()
    const said = JSON.parse(w.data) as LiveEvent
    if (w.type === 'snapshot') to.begun(said.data as Schemas['LiveSnapshot'])
    else if (w.type === 'reset') to.begun(undefined)
    else to.event(said)
  }
  const line = typeof SharedWorker === 'undefined' ? alone(types, hear) : shared(types, hear)
  // What is shown is as old as the sleep was long: a page that wakes says so until it has a snapshot.
  const awake = whenWoken(() => {
    to.broke()
    line.again()
  })
  return () => {
    awake()
    line.leave()
  }
}

interface Line {
  /** Begins anew, with a snapshot. */
  again(): void
  leave(): void
}

function alone(types: string[], hear: (w: Word) => void): Line {
  const me = {}
  const again = () => own.want(me, types, hear)
  again()
  return { again, leave: () => own.leave(me) }
}

function shared(types: string[], hear: (w: Word) => void): Line {
  const { port } = new SharedWorker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'eletrovia' })
  const say = (w: Wish) => port.postMessage(w)
  const leave = () => say({ leave: true })
  port.onmessage = (m: MessageEvent<Word>) => hear(m.data)
  const again = () => say({ types })
  again()
  // A page that the browser keeps for going back wants it again when it is shown.
  const back = (e: PageTransitionEvent) => e.persisted && again()
  addEventListener('pagehide', leave)
  addEventListener('pageshow', back)
  return {
    again,
    leave() {
      removeEventListener('pagehide', leave)
      removeEventListener('pageshow', back)
      leave()
      port.close()
    },
  }
}
