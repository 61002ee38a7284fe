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

  toggle() {
    this.look = this.look === 'dark' ? 'light' : 'dark'
    localStorage.setItem(kept, this.look)
  }
}

export const theme = new Theme()
