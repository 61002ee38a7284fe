// The stage, as an audience has it: every scene is stepped into, played to its end, and ends as the rule says.

const scenes = [
  ['Two drivers, one plug', 'Ana has the plug'],
  ['Five drivers, one plug', 'The oldest of five has the plug'],
  ['The third stop is refused', 'every stop, or none'],
  ['A company goes silent', 'lapsed by itself'],
  ['A server dies in CONFIRMING', 'All three stops are Ana’s'],
  ['A late compensate', 'Bruno’s booking stays'],
]

const button = (page, name) => page.getByRole('button', { name, exact: typeof name === 'string' })

/** Plays one scene: a step by hand, the rest at the highest speed. */
async function scene(page, name, ending) {
  await button(page, new RegExp(name)).click()
  const now = page.getByRole('region', { name: 'What happens now' })
  await now.getByText('All is ready').waitFor({ timeout: 60_000 })
  await page.getByLabel('Speed').selectOption({ index: 3 })
  await button(page, 'Step').click()
  await page.getByText(/^The story so far: 1 step$/).waitFor()
  await page.getByRole('group', { name: /^What redis-cli sees at/ }).nth(2).waitFor()
  await button(page, 'Play').click()
  await now.getByText('It ended as the rule says').waitFor({ timeout: 120_000 })
  await now.getByRole('status').filter({ hasText: ending }).waitFor()
}

/** Ends a scene before its end, begins it anew, and ends it again. */
async function endEarly(page) {
  await button(page, /^1?\s*Two drivers, one plug/).click()
  for (const again of [true, false]) {
    await button(page, 'End').click({ timeout: 60_000 })
    await page.getByText('The play was ended').waitFor({ timeout: 60_000 })
    if (again) await button(page, 'Replay').click()
  }
}

/** Plays every scene to its end. A visitor who comes later sees how it ended. */
export async function playEveryScene(page, server, say) {
  await page.goto(`${server}/stage`)
  await endEarly(page)
  for (const [name, ending] of scenes) {
    await scene(page, name, ending)
    say(`stage: ${name}`)
  }
  await page.reload()
  await page.getByText('It ended as the rule says').waitFor()
}
