/** The server's clock: countdowns run by it, also where this machine's is wrong or has slept. */
class ServerClock {
  /** The server's time less this machine's, in ms. */
  private ahead = 0
  private ms = $state(Date.now())
  private readers = 0
  private timer: ReturnType<typeof setInterval> | undefined

  /** Takes what the server says its time is. */
  heard(instant: string) {
    const at = Date.parse(instant)
    if (!Number.isNaN(at)) this.ahead = at - Date.now()
  }

  /** The server's time now, in ms since 1970; it moves while somebody watches. */
  get now(): number {
    return this.ms + this.ahead
  }

  /** Has now move once a second, until the answer is called. */
  watch(): () => void {
    this.readers++
    this.ms = Date.now()
    this.timer ??= setInterval(() => (this.ms = Date.now()), 1000)
    return () => {
      if (--this.readers > 0) return
      clearInterval(this.timer)
      this.timer = undefined
    }
  }
}

export const serverClock = new ServerClock()
