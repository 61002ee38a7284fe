import { expect, it } from 'vitest'
import { spark } from './spark'

it('draws a line, with gaps', () => expect(spark([0, 2, null, 4], 30, 22)).toBe('M0.0 21.0L10.0 11.0M30.0 1.0'))
it('draws nothing of nothing', () => expect(spark([null, null], 30, 22)).toBe(''))
