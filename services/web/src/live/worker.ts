/// <reference lib="webworker" />
import { Hub, type Wish, type Word } from './hub'
import { openStream } from './source'

/** The one stream of a browser. A page that closes says so; one that was killed is told words that nobody hears. */
const hub = new Hub(openStream)

addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports
  if (!port) return
  port.onmessage = (m: MessageEvent<Wish>) => {
    if ('leave' in m.data) hub.leave(port)
    else hub.want(port, m.data.types, (w: Word) => port.postMessage(w))
  }
})
