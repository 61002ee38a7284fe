import { expect, it } from 'vitest'
import { asked, recall } from './wish'

it('comes back from its address', () => {
  const wish = { from: 'João Pessoa, PB', to: 'A & B?', objective: 'cheapest' as const }
  expect(recall(asked(wish).slice(1))).toEqual(wish)
})

it('takes an unknown objective for the default', () => expect(recall('?objective=no').objective).toBe('fastest'))
