/** What is asked of plans and stands in the address, so that a reload asks the same. */
export interface Wish {
  from: string
  to: string
  objective: 'fastest' | 'cheapest' | 'fewest_stops'
}

export function recall(search: string): Wish {
  const said = new URLSearchParams(search)
  const objective = said.get('objective')
  return {
    from: said.get('from') ?? '',
    to: said.get('to') ?? '',
    objective: objective === 'cheapest' || objective === 'fewest_stops' ? objective : 'fastest',
  }
}

/** The address of a wish. */
export function asked(w: Wish): string {
  return '/?' + new URLSearchParams({ from: w.from, to: w.to, objective: w.objective }).toString()
}
