package native

import (
	"net/http"
	"slices"

	"github.com/roster-dev/roster/internal/dialect"
)

func userEndpoints() []dialect.Endpoint {
	k := users()
	update, remove := k.updateEndpoint(), k.deleteEndpoint()
	update.Returns, remove.Returns = withStatus(update.Returns, conflict), withStatus(remove.Returns, conflict)
	return slices.Concat([]dialect.Endpoint{
		listUsers(),
		k.createEndpoint(), k.getEndpoint(), update, remove,
	}, standingEndpoints(), batchEndpoints())
}

func created(body any) dialect.Return {
	return dialect.Return{Status: http.StatusCreated, Doc: "Created", Body: body, Mark: dialect.Ours}
}

func noContent() dialect.Return {
	return dialect.Return{Status: http.StatusNoContent, Doc: "Done", Mark: dialect.Ours}
}
