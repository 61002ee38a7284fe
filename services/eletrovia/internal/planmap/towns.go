package planmap

var stateNames = map[string]string{
	"MA": "Maranhão", "PI": "Piauí", "CE": "Ceará", "RN": "Rio Grande do Norte", "PB": "Paraíba",
	"PE": "Pernambuco", "AL": "Alagoas", "SE": "Sergipe", "BA": "Bahia",
}

// island is the one municipality that lies in the ocean.
const island = "Fernando de Noronha"

// towns are those that are named, the most important first.
var towns = []string{
	"Salvador, BA", "Fortaleza, CE", "Recife, PE", "São Luís, MA", "Maceió, AL", "Natal, RN", "Teresina, PI", "João Pessoa, PB", "Aracaju, SE",
	"Feira de Santana, BA", "Campina Grande, PB", "Caruaru, PE", "Petrolina, PE", "Vitória da Conquista, BA", "Juazeiro do Norte, CE",
	"Mossoró, RN", "Imperatriz, MA", "Arapiraca, AL", "Itabuna, BA", "Sobral, CE", "Parnaíba, PI", "Barreiras, BA", "Garanhuns, PE",
	"Paulo Afonso, BA", "Salgueiro, PE", "Picos, PI", "Patos, PB", "Ilhéus, BA", "Porto Seguro, BA", "Jequié, BA", "Estância, SE",
	"Propriá, SE", "Palmares, PE", "Caicó, RN", "Serra Talhada, PE", "Crateús, CE", "Balsas, MA", "Floriano, PI", "Irecê, BA", "Senhor do Bonfim, BA",
}
