import type { Open } from './hub'

/** What a refused stream (401, 429), which ends an EventSource for good, waits before it is asked for anew, in ms. */
const patience = 3000

/** Opens the server's stream of some types; a broken one is opened again, by the browser or after a while. */
export const openStream: Open = (types, word) => {
  let source: EventSource
  let again: ReturnType<typeof setTimeout> | undefined
  const open = () => {
    source = new EventSource(`/api/v1/events?types=${types.join(',')}`)
    for (const type of ['snapshot', 'reset', 'now', ...types]) source.addEventListener(type, (m: MessageEvent<string>) => word({ type, data: m.data }))
    source.onerror = () => {
      word({ broke: true })
      if (source.readyState === EventSource.CLOSED) again = setTimeout(open, patience)
    }
  }
  open()
  return {
    close() {
      clearTimeout(again)
      source.close()
    },
  }
}
