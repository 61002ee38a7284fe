/** A company's mark: a colour and a shape, since colour alone is not seen by everybody. */
export interface Mark {
  colour: string
  shape: 'circle' | 'square' | 'diamond' | 'hexagon'
}

const marks: Mark[] = [
  { colour: '#0f97a6', shape: 'circle' },
  { colour: '#d9731a', shape: 'square' },
  { colour: '#cf3d78', shape: 'diamond' },
  { colour: '#5b5bd6', shape: 'hexagon' },
]

const known = ['MAR', 'SER', 'CAJ']

/** The mark of a company, the same on every page and at every server. */
export function markOf(company: string): Mark {
  const first = known.indexOf(company)
  let sum = first
  if (first < 0) {
    sum = 0
    for (const c of company) sum = (sum * 31 + c.charCodeAt(0)) % 997
  }
  return marks[sum % marks.length] as Mark
}

/** The outline of a shape in a square from −1 to 1. */
export function outline(shape: Mark['shape']): string {
  switch (shape) {
    case 'circle':
      return 'M-1 0A1 1 0 1 1 1 0A1 1 0 1 1-1 0Z'
    case 'square':
      return 'M-.88-.88H.88V.88H-.88Z'
    case 'diamond':
      return 'M0-1.15L1.15 0 0 1.15-1.15 0Z'
    case 'hexagon':
      return 'M-.95-.55L0-1.1.95-.55V.55L0 1.1-.95.55Z'
  }
}
