import { expect, it } from 'vitest'
import { queryOf } from './find'

const evses = ['BR*MAR*E0001*1', 'BR*MAR*E0002*1', 'BR*MAR*E0002*2']
const asked = (text: string, more = {}) => queryOf({ text, state: '', trouble: '', company: '', ...more }, evses)

it.each([
  ['', ''],
  ['a1b2-C3', '&id=a1b2-c3'],
  [' 0199a2b3 ', '&id=0199a2b3'],
  ['EV-0001', '&vehicle_id=EV-0001'],
  ['br*ser*E0023*1', '&evse_id=BR*SER*E0023*1'],
  ['E0001', '&evse_id=BR*MAR*E0001*1'],
  ['e0001', '&id=e0001'], // ids are in small letters
  ['E0002', '&id=e0002'], // two chargers have it
])('understands %j', (text, query) => expect(asked(text)).toBe(`?cursor=&limit=50${query}`))

it('adds the filters that are set', () => {
  expect(asked('', { state: 'CONFIRMED', trouble: 'stuck', company: 'SER' })).toBe('?cursor=&limit=50&state=CONFIRMED&trouble=stuck&company_id=SER')
})
