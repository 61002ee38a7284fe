// The README's pictures, made when asked for: ELETROVIA_README names their directory.
import { join } from 'node:path'
import { book, find, status } from './driver.mjs'
import { register } from './federation.mjs'
import { step } from './steps.mjs'

const dir = process.env.ELETROVIA_README

const shot = (page, name) => page.screenshot({ path: join(dir, `${name}.jpeg`), type: 'jpeg', quality: 80 })

/** A driver's trip, and his operator's page with a few trips. */
export async function readme(server) {
  if (!dir) return
  const small = { viewport: { width: 1280, height: 800 } }
  await step('README: the driver', small, async (page) => {
    await find(page, server)
    await book(page, await register(server))
    await status(page, 'CONFIRMED')
    await page.getByRole('img', { name: /^Map/ }).or(page.locator('canvas')).first().waitFor()
    await shot(page, 'driver')
  })
  await step('README: other drivers', small, async (page) => {
    await find(page, server)
    await book(page, await register(server))
    await status(page, 'CONFIRMED')
  })
  await step('README: the operator', { viewport: { width: 1280, height: 1040 }, colorScheme: 'dark' }, async (page) => {
    await page.goto(`${server}/ops`)
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Operator secret').fill('demo')
    await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('region', { name: 'Trips', exact: true }).getByRole('link').first().waitFor()
    await page.getByRole('region', { name: 'Federation' }).getByRole('listitem').nth(1).waitFor()
    // Each charger of the company has come, and what the drivers before have booked stands there.
    await page.getByRole('region', { name: 'Chargers', exact: true }).locator('[data-reservation]').first().waitFor()
    await page.getByRole('region', { name: 'Chargers', exact: true }).getByText('All 0', { exact: true }).waitFor({ state: 'detached' })
    await page.waitForLoadState('networkidle', { timeout: 5000 }).catch(() => undefined) // its stream goes on
    await shot(page, 'operator')
  })
}
