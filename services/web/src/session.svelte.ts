import { api, Refusal, type Session } from './api/client'
import { forget } from './live/kept'

/** Who the page speaks for, by the cookie of this server. */
class SignedIn {
  who = $state<Session | undefined>(undefined)
  /** The server does not answer: nobody knows who the page speaks for. */
  unreachable = $state(false)
  /** The dialog that is open: a vehicle's or the operator's. */
  asking = $state<'vehicle' | 'operator' | undefined>(undefined)
  private then: (() => void) | undefined

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

  async signOut() {
    await api.signOut()
    forget()
    await this.look()
  }
}

export const session = new SignedIn()
