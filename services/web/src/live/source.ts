import type { Open } from './hub'

/** What a refused stream (401, 429), which ends an EventSource for good, waits before it is asked for anew, in ms. */
const patience = 3000

/** After how long without a word a stream is dead, in ms: the server says what time it is every 15 s. */
const silence = 35_000

/** Opens the server's stream of some types; a broken one is opened again, by the browser or after a while. */
export const openStream: Open = (types, word) => {
  let source: EventSource
  let again: ReturnType<typeof setTimeout> | undefined
  let heard = 0
  const open = () => {
    heard = Date.now()
    source = new EventSource(`/api/v1/events?types=${types.join(',')}`)
    const tell = (type: string, data: string) => {
      heard = Date.now()
      word({ type, data })
    }
    for (const type of ['snapshot', 'reset', 'now', ...types]) source.addEventListener(type, (m: MessageEvent<string>) => tell(type, m.data))
    source.onerror = () => {
      heard = Date.now()
      word({ broke: true })
      if (source.readyState === EventSource.CLOSED) again = setTimeout(open, patience)
    }
  }
  open()
  // A connection that died while the machine slept, or in a tunnel, tells nobody.
  const watch = setInterval(() => {
    if (Date.now() - heard < silence) return
    word({ broke: true })
    clearTimeout(again)
    source.close()
    open()
  }, 5000)
  return {
    close() {
      clearInterval(watch)
      clearTimeout(again)
      source.close()
    },
  }
}
