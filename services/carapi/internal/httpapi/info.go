package httpapi

import (
	"context"
	"net/http"

	"carstock/services/carapi/internal/answer"
)

// info is what is learnt of a request on its way, for the log. The outermost middleware puts it
// into the context, so that what is set further in is seen further out.
type info struct {
	base   answer.Base // of the URLs in its answer
	key    string      // the name of the key that was presented, also if it has expired
	rows   int         // vehicles in the answer
	source string      // where they are from; empty if there are none
}

type infoKey struct{}

func withInfo(ctx context.Context, i *info) context.Context {
	return context.WithValue(ctx, infoKey{}, i)
}

// infoOf is never nil.
func infoOf(ctx context.Context) *info {
	if i, ok := ctx.Value(infoKey{}).(*info); ok {
		return i
	}
	return &info{}
}

// resourceOf is where clients have sent a request, which a proxy may have changed.
func resourceOf(r *http.Request) answer.Resource {
	return infoOf(r.Context()).base.Resource(r.URL.EscapedPath())
}
