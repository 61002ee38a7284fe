package problem

import "maps"

// Kind is one row of the table: what a code means.
type Kind struct {
	Code   string
	Status int
	Title  string
	// English and Portuguese say what happened and what to do next.
	English, Portuguese string
}

// Lookup gives a code's row.
func Lookup(code string) (Kind, bool) {
	k, ok := byCode[code]
	return k, ok
}

// Kinds lists the table in the order of the contract.
func Kinds() []Kind { return append([]Kind(nil), kinds...) }

var byCode = maps.Collect(func(yield func(string, Kind) bool) {
	for _, k := range kinds {
		if !yield(k.Code, k) {
			return
		}
	}
})

// kinds is docs/protocol.md §5.3.
var kinds = []Kind{
	{
		"MALFORMED_REQUEST", 400, "The request is malformed",
		"The body is not the JSON object that this call wants: broken syntax, two values, a key twice, bytes that are not UTF-8, or a body without Content-Type: application/json. Nothing was done. Correct the request.",
		"O corpo não é o objeto JSON que esta chamada espera: sintaxe quebrada, dois valores, uma chave repetida, bytes que não são UTF-8 ou um corpo sem Content-Type: application/json. Nada foi feito. Corrija o pedido.",
	},
	{
		"UNKNOWN_ROUTE", 404, "No such route",
		"This path does not exist. All paths are in /openapi.yaml and, to read, in /docs.",
		"Este caminho não existe. Todos os caminhos estão em /openapi.yaml e, para leitura, em /docs.",
	},
	{
		"METHOD_NOT_ALLOWED", 405, "Method not allowed",
		"The path exists, the method does not. The Allow header lists those that do.",
		"O caminho existe, o método não. O cabeçalho Allow lista os que existem.",
	},
	{
		"TOO_LARGE", 413, "The body is too large",
		"Bodies are at most 1 MiB. Nothing was done.",
		"O corpo pode ter no máximo 1 MiB. Nada foi feito.",
	},
	{
		"UNAUTHENTICATED", 401, "Who is calling is not known",
		"The call needs an identity, and none was shown or the secret is wrong, revoked or registered elsewhere. Vehicles and operators use HTTP Basic, companies a Bearer token, browsers the session cookie.",
		"A chamada exige uma identidade, e nenhuma foi mostrada, ou o segredo está errado, revogado ou registrado em outra empresa. Veículos e operadores usam HTTP Basic, empresas um token Bearer, navegadores o cookie de sessão.",
	},
	{
		"FORBIDDEN", 403, "Not allowed for this caller",
		"The caller is known but may not do this: a vehicle sees its own trips only, a company its own reservations only, and some calls are the operator's.",
		"Quem chama é conhecido, mas não pode fazer isto: um veículo vê somente as suas viagens, uma empresa somente as suas reservas, e algumas chamadas são do operador.",
	},
	{
		"UNKNOWN_EVSE", 404, "No such EVSE",
		"No company of the federation has an EVSE with this id. GET /api/v1/locations lists them all.",
		"Nenhuma empresa da federação tem um ponto de recarga (EVSE) com este id. GET /api/v1/locations lista todos.",
	},
	{
		"UNKNOWN_TRIP", 404, "No such trip",
		"This company did not originate a trip with this id. Ask the server that received it.",
		"Esta empresa não originou uma viagem com este id. Pergunte ao servidor que a recebeu.",
	},
	{
		"UNKNOWN_RESERVATION", 404, "No such reservation",
		"This company has no reservation with this id.",
		"Esta empresa não tem reserva com este id.",
	},
	{
		"UNKNOWN_PLACE", 404, "No such place",
		"The city is not in the road network. Write it with its state, as in \"João Pessoa, PB\", or give lat and lon.",
		"A cidade não está na malha rodoviária. Escreva-a com o estado, como em \"João Pessoa, PB\", ou informe lat e lon.",
	},
	{
		"UNKNOWN_PLAN", 404, "No such plan",
		"The plan does not exist or has been forgotten; plans are kept for a short time. Plan again.",
		"O plano não existe ou já foi esquecido; planos são guardados por pouco tempo. Planeje de novo.",
	},
	{
		"UNKNOWN_ALTERNATIVE", 404, "No such alternative",
		"The alternative is none of those that the trip offers now. Read the trip again and choose from its list.",
		"A alternativa não está entre as que a viagem oferece agora. Leia a viagem de novo e escolha da lista.",
	},
	{
		"SLOT_TAKEN", 409, "The window is taken",
		"Another reservation is booked on this EVSE in an overlapping window. conflict.settled says whether for good; where it is false, the other trip is still confirming: try again soon. Otherwise choose another stop or time.",
		"Outra reserva ocupa este ponto numa janela sobreposta. conflict.settled diz se é definitivo; se for false, a outra viagem ainda está confirmando: tente de novo em instantes. Senão, escolha outro ponto ou horário.",
	},
	{
		"PRIORITY_LOST", 409, "An older trip is ahead",
		"A trip that held its first stop earlier wants this window, and goes first. Wait until it is settled, or choose one of the alternatives.",
		"Uma viagem que reservou o seu primeiro ponto antes quer esta janela e tem prioridade. Espere até ela se decidir ou escolha uma das alternativas.",
	},
	{
		"ID_REUSED", 409, "The id belongs to another request",
		"The same reservation id or idempotency key was used before with another content. Use a new one.",
		"O mesmo id de reserva ou chave de idempotência já foi usado com outro conteúdo. Use um novo.",
	},
	{
		"ALREADY_COMPENSATED", 409, "The reservation was released",
		"This reservation id has been released and cannot be taken again. A new attempt needs a new id.",
		"Este id de reserva foi liberado e não pode ser retomado. Uma nova tentativa precisa de um novo id.",
	},
	{
		"STALE_OWNER", 409, "A newer owner handles this trip",
		"The trip's saga has a newer owner: seen_epoch is its epoch. Who still holds the lease goes on with a higher one; anybody else stops.",
		"A saga da viagem tem um dono mais novo: seen_epoch é a época dele. Quem ainda detém a concessão continua com uma maior; os demais param.",
	},
	{
		"NOT_AWAITING_DECISION", 409, "The trip asks nothing",
		"The trip waits for no decision of this kind now. Read it again: it may have been decided, confirmed or given up meanwhile.",
		"A viagem não espera uma decisão deste tipo agora. Leia-a de novo: ela pode ter sido decidida, confirmada ou desistida nesse meio-tempo.",
	},
	{
		"CANCEL_TOO_LATE", 409, "Too late to cancel",
		"The booking terms allow cancelling only until some time before the window's start.",
		"As condições de reserva só permitem cancelar até um certo tempo antes do início da janela.",
	},
	{
		"EVSE_OUT_OF_SERVICE", 409, "The EVSE is out of service",
		"The EVSE exists but is out of service. Choose another.",
		"O ponto de recarga existe, mas está fora de serviço. Escolha outro.",
	},
	{
		"NO_RESERVATION_HERE", 409, "No reservation at this EVSE",
		"The car plugged in where it has no reservation.",
		"O carro foi conectado onde não tem reserva.",
	},
	{
		"TOO_EARLY", 409, "Too early to plug in",
		"The reserved window has not begun. Come back at its start.",
		"A janela reservada ainda não começou. Volte no início dela.",
	},
	{
		"TOO_LATE", 409, "Too late to plug in",
		"The car came after the no-show time, and the window has been given away.",
		"O carro chegou depois do prazo de tolerância, e a janela foi liberada.",
	},
	{
		"SESSION_OPEN", 409, "The car is charging at this stop",
		"A car has plugged in at this stop. Until it has left, the stop can be neither exchanged nor released; it can only stay longer. The coming stops can be changed.",
		"Um carro está conectado neste ponto. Até ele sair, o ponto não pode ser trocado nem liberado; só pode ficar mais tempo. Os próximos pontos podem ser mudados.",
	},
	{
		"SESSION_ENDED", 409, "The car has charged at this stop",
		"The car has charged at this stop and left; it is billed. Choose one of the stops that are still to come.",
		"O carro já carregou neste ponto e saiu; a recarga foi cobrada. Escolha um dos pontos que ainda virão.",
	},
	{
		"EVSE_OCCUPIED", 409, "Another car is at the plug",
		"The car before has not left this EVSE yet. Wait until it has gone, or take one of the alternatives.",
		"O carro anterior ainda não saiu deste ponto. Espere ele sair ou escolha uma das alternativas.",
	},
	{
		"VEHICLE_BUSY", 409, "This vehicle charges elsewhere",
		"One vehicle has one session in the whole federation, and this one has a session at another EVSE. Unplug there first.",
		"Um veículo tem uma só recarga em toda a federação, e este já está carregando em outro ponto. Desconecte lá primeiro.",
	},
	{
		"HOLD_EXPIRED", 410, "The hold has lapsed",
		"The stop was held for a limited time, and that is over. A new attempt needs a new reservation id.",
		"O ponto ficou retido por um tempo limitado, que acabou. Uma nova tentativa precisa de um novo id de reserva.",
	},
	{
		"HOLD_PREEMPTED", 410, "The hold went to an older trip",
		"A trip that held its first stop earlier took this stop. Choose another one.",
		"Uma viagem que reservou o seu primeiro ponto antes ficou com este ponto. Escolha outro.",
	},
	{
		"INVALID_WINDOW", 422, "The window cannot be booked",
		"Windows are in whole seconds, last 5 minutes to 24 hours, lie in the future, and follow one another in travel order. errors names the field.",
		"Janelas são em segundos inteiros, duram de 5 minutos a 24 horas, ficam no futuro e seguem a ordem da viagem. errors diz o campo.",
	},
	{
		"INVALID_FIELD", 422, "A field is wrong",
		"A field is missing, unknown, of the wrong type or out of range. errors names each with its reason.",
		"Um campo falta, é desconhecido, tem o tipo errado ou está fora da faixa. errors diz cada um e o motivo.",
	},
	{
		"INFEASIBLE_TRIP", 422, "The trip cannot be made",
		"No choice of stops brings this car there: detail says where the battery would run out. A fuller battery, another car or a lower min_arrival_soc may help.",
		"Nenhuma escolha de pontos leva este carro até lá: detail diz onde a bateria acabaria. Uma bateria mais cheia, outro carro ou um min_arrival_soc menor podem ajudar.",
	},
	{
		"TICKET_INVALID", 422, "The ticket is not valid",
		"The proof of when the trip's first stop was held is forged, expired, from an unknown or skewed company, or for another trip.",
		"A prova de quando o primeiro ponto da viagem foi reservado é falsa, venceu, é de uma empresa desconhecida ou com relógio desajustado, ou é de outra viagem.",
	},
	{
		"RATE_LIMITED", 429, "Too many requests",
		"Too many requests from this address, or too many trips in flight. Retry-After says when to come again.",
		"Pedidos demais deste endereço ou viagens demais em andamento. Retry-After diz quando voltar.",
	},
	{
		"QUOTA_EXCEEDED", 429, "More than one may take",
		"This vehicle, or the company that books for it, has as much booked at the owner of the charger as it may: detail says which limit, how much is taken and until when. What is used or given back counts no longer; errors names vehicle_id or origin.",
		"Este veículo, ou a empresa que reserva por ele, já tem na dona do carregador o máximo que pode: detail diz qual limite, quanto está tomado e até quando. O que é usado ou devolvido deixa de contar; errors diz vehicle_id ou origin.",
	},
	{
		"STORE_UNAVAILABLE", 503, "The store does not answer",
		"The server cannot reach its store now, so it is not known whether the action was executed. Repeat it with the same ids; nothing is done twice.",
		"O servidor não alcança o seu armazenamento agora; não se sabe se a ação foi executada. Repita com os mesmos ids; nada é feito duas vezes.",
	},
	{
		"PEER_UNAVAILABLE", 503, "Another company does not answer",
		"A company that is part of this request does not answer now. Repeat it later with the same ids; nothing is done twice.",
		"Uma empresa que faz parte deste pedido não responde agora. Repita mais tarde com os mesmos ids; nada é feito duas vezes.",
	},
}
