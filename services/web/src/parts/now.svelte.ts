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

  /** Civil time, in which windows lie, at an instant of the server's; and how many times as fast as that it runs. */
  private civilAt = { real: 0, civil: 0, speed: 1 }

  /** Takes both of the server's clocks, as a stream tells them. */
  told(c: { now: string; civil?: string; speed?: number }) {
    this.heard(c.now)
    const [real, civil] = [Date.parse(c.now), Date.parse(c.civil ?? c.now)]
    if (!Number.isNaN(real + civil)) this.civilAt = { real, civil, speed: c.speed ?? 1 }
  }

  /** The time in which windows lie, in ms since 1970; real time but in a demo that runs faster. */
  get civil(): number {
    return this.civilAt.civil + (this.now - this.civilAt.real) * this.civilAt.speed
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
