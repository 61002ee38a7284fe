import { session } from '../session.svelte'

/** How a company calls itself; its three letters while nobody has told. */
export function companyName(company: string | undefined): string {
  return session.who?.companies.find((c) => c.company_id === company)?.name || (company ?? '')
}
