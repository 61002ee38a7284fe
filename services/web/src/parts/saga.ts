import type { Schemas } from '../api/client'

export type Entry = Schemas['Entry']

/** What a step is, in a few kinds; the journal's own word is kept beside it. */
export type Kind =
  | 'begin'
  | 'claim'
  | 'reserve'
  | 'renew'
  | 'confirm'
  | 'release'
  | 'move'
  | 'plug'
  | 'read'
  | 'state'
  | 'question'
  | 'decision'
  | 'change'
  | 'notice'
  | 'owner'
  | 'act'
  | 'other'

/** One call of a step, or the step itself where nobody was called. Times are in ms, `at` since 1970. */
export interface Try {
  at: number
  ms: number
  answer: string
  detail: string
}

/**
 * One step of a saga, with all its tries. `lost`: nobody knows what the company did; it is asked again. `open`: a question that
 * has no answer yet. `told`: something that the trip says of itself, or was told.
 */
export interface Step {
  key: string
  kind: Kind
  word: string
  /** 0: the trip itself. */
  leg: number
  company: string | undefined
  evse: string | undefined
  reservation: string | undefined
  state: string | undefined
  at: number
  end: number
  tries: Try[]
  answer: string
  detail: string
  outcome: 'done' | 'refused' | 'lost' | 'open' | 'told'
  owner: string | undefined
  epoch: number
}

const kinds: Record<string, Kind> = {
  create: 'begin',
  claim: 'claim',
  reserve: 'reserve',
  renew: 'renew',
  confirm: 'confirm',
  compensate: 'release',
  move: 'move',
  start: 'plug',
  complete: 'plug',
  plug: 'plug',
  plugged: 'plug',
  unplug: 'plug',
  unplugged: 'plug',
  read: 'read',
  state: 'state',
  decide: 'decision',
  wait: 'change',
  again: 'change',
  replan: 'change',
  alternatives: 'change',
  propose: 'change',
  shift: 'change',
  shifted: 'change',
  cancel: 'act',
  retry: 'act',
  resolve: 'act',
  park: 'owner',
  'take-over': 'owner',
  epoch: 'owner',
  notice: 'notice',
}

/** Answers that say what a reservation is: the call was done. */
const done = new Set(['ok', 'CLAIMED', 'PENDING', 'RESERVED', 'CHARGING', 'FULFILLED', 'CANCELED'])
/** What a stop is told to have become that its trip did not want. */
const gone = new Set(['PREEMPTED', 'EXPIRED', 'NO_SHOW', 'CANCELED'])

/** Whether an entry is a call of a company; the others are the trip's own notes. */
const isCall = (e: Entry) => (e.attempt ?? 0) > 0

function outcomeOf(e: Entry): Step['outcome'] {
  if (!isCall(e)) return e.step === 'notice' && gone.has(e.answer) ? 'refused' : 'told'
  if (e.answer === 'lost') return 'lost'
  return done.has(e.answer) || e.step === 'read' ? 'done' : 'refused'
}

function stepOf(e: Entry, n: number): Step {
  const at = Date.parse(e.at)
  const ms = e.ms ?? 0
  const once = { at, ms, answer: e.answer, detail: e.detail ?? '' }
  return {
    key: e.seq ?? `${e.at} ${n}`,
    kind: kinds[e.step] ?? 'other',
    word: e.step,
    leg: e.leg ?? 0,
    company: e.company_id ?? e.evse_id?.split('*')[1],
    evse: e.evse_id,
    reservation: e.reservation_id,
    state: e.state,
    at,
    end: at + ms,
    tries: [once],
    answer: e.answer,
    detail: once.detail,
    outcome: outcomeOf(e),
    owner: e.owner,
    epoch: e.epoch ?? 0,
  }
}

/** Adds a call that was made again to its step. */
function again(s: Step, e: Entry) {
  const more = stepOf(e, 0)
  s.tries.push(...more.tries)
  Object.assign(s, { end: Math.max(s.end, more.end), answer: more.answer, detail: more.detail, outcome: more.outcome, owner: more.owner, epoch: more.epoch })
}

/**
 * The steps of a saga, in the order in which they began. A call that is made again, because its answer was lost, is one step with its
 * tries; between the state AWAITING_DECISION and what follows it lies a question, which is open while nothing does.
 */
export function stepsOf(entries: Entry[]): Step[] {
  const steps: Step[] = []
  const calls = new Map<string, Step>()
  let question: Step | undefined
  entries.forEach((e, n) => {
    const name = `${e.step} ${e.reservation_id}`
    const before = isCall(e) ? calls.get(name) : undefined
    if (before && (before.outcome === 'lost' || e.attempt === before.tries.length + 1)) return again(before, e)
    const step = stepOf(e, n)
    steps.push(step)
    if (isCall(e)) calls.set(name, step)
    if (question && (step.kind === 'decision' || step.kind === 'state')) {
      Object.assign(question, { end: step.at, outcome: 'told', answer: step.answer })
      question = undefined
    }
    if (step.kind === 'state' && step.answer === 'AWAITING_DECISION') {
      question = { ...step, key: `${step.key} question`, kind: 'question', word: 'question', outcome: 'open', tries: [] }
      steps.push(question)
    }
  })
  return steps.map((s, n) => ({ s, n })).sort((a, b) => a.s.at - b.s.at || a.n - b.n).map(({ s }) => s)
}

/** Entries by their place in the journal, each once: what a page has read, and what the stream told meanwhile. */
export function merged(known: Entry[], more: Entry[]): Entry[] {
  const bySeq = new Map<string, Entry>()
  for (const e of [...known, ...more]) bySeq.set(e.seq ?? JSON.stringify(e), e)
  return [...bySeq.values()].sort((a, b) => inJournal(a, b))
}

/** The journal numbers its entries as MS-N/I, which are compared as numbers. */
function inJournal(a: Entry, b: Entry): number {
  const [x, y] = [numbers(a), numbers(b)]
  for (let i = 0; i < 3; i++) {
    const d = (x[i] ?? 0) - (y[i] ?? 0)
    if (d !== 0) return d
  }
  return 0
}

const numbers = (e: Entry) => (e.seq ?? String(Date.parse(e.at))).split(/[-/]/).map(Number)
