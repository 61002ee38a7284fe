import type { Schemas } from '../api/client'

export type Plug = Schemas['ConnectorType']

const names: Partial<Record<string, string>> = {
  IEC_62196_T1: 'Type 1',
  IEC_62196_T1_COMBO: 'CCS1',
  IEC_62196_T2: 'Type 2',
  IEC_62196_T2_COMBO: 'CCS2',
  CHADEMO: 'CHAdeMO',
  GBT_AC: 'GB/T AC',
  GBT_DC: 'GB/T DC',
}

/** What people call a plug; OCPI's name where they have none. */
export const plugName = (standard: string): string => names[standard] ?? standard

/** The plugs that a car is asked for by name; others are the model's own. */
export const usual: Plug[] = ['IEC_62196_T2', 'IEC_62196_T2_COMBO', 'CHADEMO', 'GBT_DC']
