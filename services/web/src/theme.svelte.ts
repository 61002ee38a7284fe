const kept = 'eletrovia.theme'

export type Look = 'light' | 'dark'

function preferred(): Look {
  const said = localStorage.getItem(kept)
  if (said === 'light' || said === 'dark') return said
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

/** Light or dark: the system's, until somebody chooses. */
class Theme {
  look = $state<Look>(preferred())

  constructor() {
    // The system may turn dark at night while the page is open.
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => (this.look = preferred()))
  }

  toggle() {
    this.look = this.look === 'dark' ? 'light' : 'dark'
    localStorage.setItem(kept, this.look)
  }
}

export const theme = new Theme()
