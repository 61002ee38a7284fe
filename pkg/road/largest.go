package road

// capitals of the states, by their full names.
var capitals = map[string]bool{
	"São Luís, MA": true, "Teresina, PI": true, "Fortaleza, CE": true, "Natal, RN": true, "João Pessoa, PB": true,
	"Recife, PE": true, "Maceió, AL": true, "Aracaju, SE": true, "Salvador, BA": true,
}

// largest are the cities with more than about 100,000 inhabitants (IBGE, census of
// 2022), the most populous first; neighbours on the list differ by little. The rest of
// the places have no size here.
var largest = []string{
	"Fortaleza, CE", "Salvador, BA", "Recife, PE", "São Luís, MA", "Maceió, AL", "Teresina, PI", "João Pessoa, PB", "Natal, RN",
	"Jaboatão dos Guararapes, PE", "Feira de Santana, BA", "Aracaju, SE", "Campina Grande, PB", "Petrolina, PE", "Caruaru, PE",
	"Vitória da Conquista, BA", "Caucaia, CE", "Olinda, PE", "Paulista, PE", "Camaçari, BA", "Juazeiro do Norte, CE",
	"Imperatriz, MA", "Mossoró, RN", "Parnamirim, RN", "São José de Ribamar, MA", "Juazeiro, BA", "Arapiraca, AL",
	"Maracanaú, CE", "Cabo de Santo Agostinho, PE", "Lauro de Freitas, BA", "Sobral, CE", "Nossa Senhora do Socorro, SE",
	"Itabuna, BA", "Ilhéus, BA", "Timon, MA", "Porto Seguro, BA", "Parnaíba, PI", "Barreiras, BA", "Jequié, BA", "Caxias, MA",
	"Alagoinhas, BA", "Santa Rita, PB", "Paço do Lumiar, MA", "Teixeira de Freitas, BA", "Garanhuns, PE",
	"Vitória de Santo Antão, PE", "Crato, CE", "Itapipoca, CE", "São Gonçalo do Amarante, RN", "Igarassu, PE",
	"Simões Filho, BA", "Codó, MA", "Eunápolis, BA", "Paulo Afonso, BA", "São Lourenço da Mata, PE",
	"Luís Eduardo Magalhães, BA", "Açailândia, MA", "Maranguape, CE", "Bacabal, MA", "Itabaiana, SE", "Patos, PB",
	"Santo Antônio de Jesus, BA", "Balsas, MA", "Lagarto, SE",
}

// ranks are the places of largest by their full names, 1 for the most populous.
var ranks = func() map[string]int {
	r := make(map[string]int, len(largest))
	for i, name := range largest {
		r[name] = i + 1
	}
	return r
}()
