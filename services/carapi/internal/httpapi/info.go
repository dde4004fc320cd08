package httpapi

import (
	"context"
	"net/http"

	"carstock/services/carapi/internal/answer"
)

// requestInfo collects what becomes known of a request while it is answered. The outermost middleware puts it into the
// context, so the log and the metrics see what the handlers have set.
type requestInfo struct {
	base   answer.Base // of the URLs in the answer
	key    string      // name of the presented key, even if it has expired; empty for an unknown key
	rows   int         // vehicles in the answer
	source string      // that the vehicles are from, live or snapshot; empty if the answer has none
}

type requestInfoKey struct{}

func withInfo(ctx context.Context, info *requestInfo) context.Context {
	return context.WithValue(ctx, requestInfoKey{}, info)
}

// infoOf returns the info of the request with this context. It is never nil: without the middleware it is empty.
func infoOf(ctx context.Context) *requestInfo {
	if info, ok := ctx.Value(requestInfoKey{}).(*requestInfo); ok {
		return info
	}
	return &requestInfo{}
}

// resourceOf returns the path to which the client sent the request. A proxy in between may have shortened it.
func resourceOf(r *http.Request) answer.Resource {
	return infoOf(r.Context()).base.Resource(r.URL.EscapedPath())
}
