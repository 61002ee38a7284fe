import { api, Refusal, whenStranger, type Session } from './api/client'
import { forget } from './live/kept'

/** Who the page speaks for, by the cookie of this server. */
class SignedIn {
  who = $state<Session | undefined>(undefined)
  /** The server does not answer: nobody knows who the page speaks for. */
  unreachable = $state(false)
  /** The dialog that is open: a vehicle's or the operator's. */
  asking = $state<'vehicle' | 'operator' | undefined>(undefined)
  /** Signing out did not reach the server: whoever has this browser is still signed in. */
  stuck = $state(false)
  private then: (() => void) | undefined

  constructor() {
    whenStranger(() => this.ended())
  }

  get vehicle(): string | undefined {
    return this.who?.kind === 'vehicle' ? this.who.vehicle_id : undefined
  }

  get operator(): boolean {
    return this.who?.kind === 'operator'
  }

  async look() {
    try {
      this.who = await api.session()
      this.unreachable = false
    } catch (e) {
      if (!(e instanceof Refusal)) throw e
      this.unreachable = e.status === 0
    }
  }

  /** Opens the dialog; then goes on once somebody has signed in. */
  ask(as: 'vehicle' | 'operator', then?: () => void) {
    this.then = then
    this.asking = as
  }

  close() {
    this.asking = undefined
    this.then = undefined
  }

  /** Signs in; throws the server's Refusal. */
  async signIn(username: string, password: string) {
    this.who = await api.signIn({ username, password })
    const then = this.then
    this.close()
    then?.()
  }

  /** The session has ended while the page was open: its dialog asks again, and the page goes on from there. */
  private ended() {
    const who = this.who
    if (who?.kind !== 'vehicle' && who?.kind !== 'operator') return
    this.who = { kind: 'anybody', company_id: who.company_id, companies: who.companies, may: ['plan'] }
    if (!this.asking) this.ask(who.kind)
  }

  /** Signs out; where that does not reach the server, it says so by stuck. */
  async signOut() {
    this.stuck = false
    try {
      await api.signOut()
    } catch (e) {
      if (!(e instanceof Refusal)) throw e
      if (e.status !== 401) {
        this.stuck = true
        return
      }
    }
    forget()
    await this.look()
  }
}

export const session = new SignedIn()
