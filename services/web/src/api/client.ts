import type { components } from './schema'

/** What the API's schemas are called, generated from openapi.yaml: a field that is renamed there stops the build here. */
export type Schemas = components['schemas']
export type Plan = Schemas['Plan']
export type PlanStop = Schemas['PlanStop']
export type PlanRequest = Schemas['PlanRequest']
export type FoundPlace = Schemas['FoundPlace']
export type Model = Schemas['Model']
export type Trip = Schemas['Trip']
export type TripLeg = Schemas['TripLeg']
export type TripState = Schemas['TripState']
export type Decision = Schemas['Decision']
export type Alternative = Schemas['Alternative']
export type Session = Schemas['Session']
export type Peer = Schemas['Peer']
export type Overview = Schemas['Overview']
export type Location = Schemas['Location']
export type Reservation = Schemas['Reservation']
export type Calendar = Schemas['Calendar']
export type Booking = Schemas['Booking']

/** A refusal of the API, or that nothing answered (status 0). */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    /** What was wrong with single fields of the request. */
    readonly fields: { field: string; reason: string }[] = [],
    /** What a smaller reserve would allow. */
    readonly thinner: Schemas['Plan'][] = [],
  ) {
    super(detail)
  }
}

/** Who is told that the server no longer knows who asks: a session has ended, or was revoked. */
let strangers: () => void = () => undefined

export const whenStranger = (tell: () => void) => void (strangers = tell)

const sessions = '/api/v1/session'

/** Asks the server that this page came from. It throws a Refusal. */
export async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  return (await answered<T>(method, path, body, signal)).said
}

/** A page of a list, and the address of the next one where there is one. */
export interface Page<T> {
  items: T[]
  next: string | undefined
}

/** Reads a page of a list. It throws a Refusal. */
export async function page<T>(path: string, signal?: AbortSignal): Promise<Page<T>> {
  const { said, headers } = await answered<T[]>('GET', path, undefined, signal)
  return { items: said, next: /<([^>]+)>; rel="next"/.exec(headers.get('Link') ?? '')?.[1] }
}

/** All of a list, page by page. */
async function every<T>(path: string): Promise<T[]> {
  const all: T[] = []
  for (let next: string | undefined = path; next; ) {
    const got: Page<T> = await page<T>(next)
    all.push(...got.items)
    next = got.next
  }
  return all
}

async function answered<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<{ said: T; headers: Headers }> {
  let answer: Response
  try {
    answer = await fetch(path, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(method === 'GET' ? {} : { 'Idempotency-Key': crypto.randomUUID() }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
    })
  } catch (e) {
    if (signal?.aborted) throw e
    throw new Refusal(0, 'OFFLINE', '')
  }
  const { headers } = answer
  if (answer.status === 204) return { said: undefined as T, headers }
  const said = (await answer.json().catch(() => ({}))) as unknown
  // Not ready is an answer, too: which part, and why.
  if (answer.ok || (path === '/readyz' && answer.status === 503)) return { said: said as T, headers }
  if (answer.status === 401 && path !== sessions) strangers()
  const problem = said as Partial<Schemas['Problem']>
  throw new Refusal(answer.status, problem.code ?? 'INTERNAL', problem.detail ?? problem.title ?? '', problem.errors, problem.thinner_plans)
}

const at = encodeURIComponent

export const api = {
  places: (q: string, signal?: AbortSignal) => ask<FoundPlace[]>('GET', `/api/v1/places?limit=8&q=${at(q)}`, undefined, signal),
  models: () => ask<Model[]>('GET', '/api/v1/models'),
  plans: (r: PlanRequest, signal?: AbortSignal) => ask<{ plans: Plan[] }>('POST', '/api/v1/plans', r, signal),
  session: () => ask<Session>('GET', sessions),
  signIn: (body: Schemas['SessionRequest']) => ask<Session>('POST', sessions, body),
  signOut: () => ask<void>('DELETE', sessions),
  register: (body: Schemas['RegisterRequest']) => ask<Schemas['RegisterResponse']>('POST', '/api/v1/vehicles', body),
  book: (body: Schemas['TripRequest']) => ask<Trip>('POST', '/api/v1/trips', body),
  trips: (query = '') => ask<Trip[]>('GET', `/api/v1/trips${query}`),
  trip: (id: string) => ask<Trip>('GET', `/api/v1/trips/${at(id)}`),
  decide: (id: string, body: Schemas['DecisionRequest']) => ask<unknown>('POST', `/api/v1/trips/${at(id)}/decision`, body),
  cancel: (id: string) => ask<Trip>('DELETE', `/api/v1/trips/${at(id)}`),
  locations: () => ask<Location[]>('GET', '/api/v1/locations?limit=500'),
  near: (lat: number, lon: number) => ask<FoundPlace[]>('GET', `/api/v1/places/near?limit=1&lat=${lat}&lon=${lon}`),
  alternatives: (id: string, leg: number) => ask<Alternative[]>('GET', `/api/v1/trips/${at(id)}/alternatives?leg=${leg}`),
  swap: (id: string, body: Schemas['SwapRequest']) => ask<Trip>('POST', `/api/v1/trips/${at(id)}/swap`, body),
  plug: (vehicle: string, what: 'plug' | 'unplug', body: Schemas['PlugRequest']) => ask<Reservation>('POST', `/api/v1/vehicles/${at(vehicle)}/${what}`, body),
  peers: () => ask<Peer[]>('GET', '/api/v1/peers'),
  overview: () => ask<Overview>('GET', '/api/v1/overview'),
  calendars: (query = '') => ask<Schemas['Calendars']>('GET', `/api/v1/calendars${query}`),

  // What an operator does, and reads to do it.
  tripsPage: (path: string) => page<Trip>(path),
  health: () => ask<Schemas['Health']>('GET', '/readyz'),
  recovery: () => ask<Schemas['Recovery']>('GET', '/api/v1/recovery'),
  acceptLoss: (reason: string) => ask<Schemas['Recovery']>('POST', '/api/v1/recovery/accept', { reason }),
  reservation: (id: string) => ask<Schemas['ReservationHistory']>('GET', `/api/v1/reservations/${at(id)}/history`),
  cancelBooking: (id: string, reason: string) => ask<Booking>('POST', `/api/v1/reservations/${at(id)}/cancel`, { reason }),
  releaseHold: (id: string, reason: string) => ask<Booking>('POST', `/api/v1/reservations/${at(id)}/release`, { reason }),
  extendStay: (id: string, body: Schemas['ExtendRequest']) => ask<unknown>('POST', `/api/v1/reservations/${at(id)}/extend`, body),
  moveBooking: (id: string, body: Schemas['RebookRequest']) => ask<unknown>('POST', `/api/v1/reservations/${at(id)}/move`, body),
  message: (vehicle: string, body: Schemas['MessageRequest']) => ask<Schemas['MessageSent']>('POST', `/api/v1/vehicles/${at(vehicle)}/message`, body),
  service: (evse: string, body: Schemas['EVSEStatusRequest'], dry = false) =>
    ask<Schemas['EVSEStatusAnswer']>('PUT', `/api/v1/evses/${at(evse)}/status${dry ? '?dry_run=true' : ''}`, body),
  retry: (trip: string) => ask<Trip>('POST', `/api/v1/trips/${at(trip)}/retry`),
  resolve: (trip: string, reason: string) => ask<Trip>('POST', `/api/v1/trips/${at(trip)}/resolve`, { reason }),

  // the operator's timeline, federation and search
  history: (id: string) => every<Schemas['Entry']>(`/api/v1/trips/${at(id)}/history?limit=500`),
  bookings: (query = '?limit=500') => every<Booking>(`/api/v1/bookings${query}`),
  broker: () => ask<Schemas['Broker']>('GET', '/api/v1/broker?limit=50'),
  locks: () => ask<Schemas['Lock'][]>('GET', '/api/v1/locks?limit=500'),
  audit: (path: string) => page<Schemas['Act']>(path),
  suspend: (company: string, body: Schemas['SuspendRequest']) => ask<Schemas['Suspension']>('POST', `/api/v1/peers/${at(company)}/suspend`, body),
  resume: (company: string) => ask<Schemas['Suspension']>('POST', `/api/v1/peers/${at(company)}/resume`),

  // the stage
  stage: () => ask<Schemas['Stage']>('GET', '/api/v1/stage'),
  steerStage: (body: Schemas['StageCommand']) => ask<Schemas['Stage']>('POST', '/api/v1/stage', body),
}
