import { expect, test } from 'vitest'
import { Car, own } from './car.svelte'

test('a model is asked for with its own plugs until somebody says others', () => {
  const car = new Car()
  car.models = [{ id: 'nissan-leaf', name: 'Leaf', usable_battery_kwh: 38, consumption_kwh_100km: 16, dc_kw: 45, ac_kw: 6.6, ports: ['IEC_62196_T2', 'CHADEMO'], dc_curve: [] }]
  car.model = 'nissan-leaf'
  expect(car.plugs).toEqual(['IEC_62196_T2', 'CHADEMO'])
  expect(car.vehicle).toEqual({ model: 'nissan-leaf' })
  car.toggle('IEC_62196_T2_COMBO')
  expect(car.vehicle).toEqual({ model: 'nissan-leaf', plugs: ['IEC_62196_T2', 'CHADEMO', 'IEC_62196_T2_COMBO'] })
  car.toggle('IEC_62196_T2')
  expect(car.vehicle).toEqual({ model: 'nissan-leaf', plugs: ['CHADEMO', 'IEC_62196_T2_COMBO'] })
})

test('a car is never left without a plug', () => {
  const car = new Car()
  car.model = own
  car.toggle('IEC_62196_T2')
  car.toggle('IEC_62196_T2_COMBO')
  expect(car.plugs).toEqual(['IEC_62196_T2_COMBO'])
})
