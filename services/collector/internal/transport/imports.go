package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/imports"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/responsefile"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// ImportsPath is where files are sent.
const ImportsPath = "/v1/imports"

// Bounds of an upload.
const (
	maxFields    = 10
	maxMapping   = 256 << 10
	maxFormat    = 16
	aroundUpload = 1 << 20 // of a body beside the file
	abandonBound = 5 * time.Second
)

// Imports takes files, and implements the gRPC service that looks after them.
type Imports struct {
	collectorv1.UnimplementedImportServiceServer
	o       Options
	imports *imports.Service
	most    int64
	slots   slots
}

// NewImports returns the routes and the service; a file has at most that many bytes.
func NewImports(o Options, s *imports.Service, most int64) *Imports {
	return &Imports{o: o, imports: s, most: most}
}

// Register adds the routes that are not generated to mux.
func (i *Imports) Register(mux *http.ServeMux) {
	h := &HTTP{o: i.o}
	mux.HandleFunc("POST "+ImportsPath, h.admitted(i.upload))
	mux.HandleFunc("GET "+ImportsPath+"/{id}/rejects", h.admitted(i.rejects))
}

func (i *Imports) upload(w http.ResponseWriter, r *http.Request) {
	imported, err := i.take(w, r)
	if err != nil {
		rpc.WriteError(w, i.status(err))
		return
	}
	w.Header().Set("Location", ImportsPath+"/"+imported.GetId())
	write(w, http.StatusAccepted, jsonOf(imported))
}

func jsonOf(i *eventsv1.Import) []byte {
	text, _ := protojson.Marshal(&collectorv1.GetImportResponse{Import: i}) // its texts were made valid when it was taken
	return text
}

func (i *Imports) take(w http.ResponseWriter, r *http.Request) (*eventsv1.Import, error) {
	if err := checkHeaders(r); err != nil {
		return nil, err
	}
	key, err := callKey(r.Context(), r.Header.Values(idempotencyHeader))
	if err != nil {
		return nil, err
	}
	release, ok := i.slots.take(callerOf(r.Context()).Who())
	if !ok {
		return nil, i.o.tooManyUploads()
	}
	defer release()
	r.Body = io.NopCloser(rpc.Upload(w, r, i.most+aroundUpload))
	form, err := r.MultipartReader()
	if err != nil {
		return nil, wrong("body", "must be multipart/form-data with the field file and, for CSV and Excel, mapping")
	}
	u := i.imports.Begin()
	if err := fill(r.Context(), u, form); err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), abandonBound)
		defer cancel()
		u.Abandon(ctx)
		return nil, err
	}
	return u.Finish(r.Context(), callerOf(r.Context()), key)
}

// fill reads the form's fields, in any order.
func fill(ctx context.Context, u *imports.Upload, form *multipart.Reader) error {
	for n := 0; ; n++ {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return formError(err)
		}
		if n == maxFields {
			return wrong("body", fmt.Sprintf("must have at most %d fields", maxFields))
		}
		if err := field(ctx, u, part); err != nil {
			return formError(err)
		}
	}
}

func field(ctx context.Context, u *imports.Upload, part *multipart.Part) error {
	switch name := part.FormName(); name {
	case "file":
		return u.File(ctx, part.FileName(), part)
	case "mapping":
		text, err := io.ReadAll(io.LimitReader(part, maxMapping+1))
		u.Mapping(text) // one that is too large is named by who reads it
		return err
	case "format":
		text, err := io.ReadAll(io.LimitReader(part, maxFormat))
		u.Format(strings.TrimSpace(string(text)))
		return err
	default:
		u.Wrong("body", "has a field that is not known here; possible are file, mapping, format")
		return nil
	}
}

// formError is what a form that ends before its end, or moves too slowly, is told.
func formError(err error) error {
	var large *http.MaxBytesError
	var invalid *ingest.InvalidError
	switch {
	case errors.As(err, &large):
		return imports.ErrTooLarge
	case errors.As(err, &invalid), errors.Is(err, imports.ErrTooLarge), errors.Is(err, ingest.ErrFull), errors.Is(err, ingest.ErrUnavailable):
		return err
	case errors.Is(err, rpc.ErrSlow):
		return wrong("body", rpc.ErrSlow.Error()+"; nothing of it is kept")
	}
	return wrong("body", "could not be read to its end; nothing of it is kept")
}

func (i *Imports) rejects(w http.ResponseWriter, r *http.Request) {
	rejects, err := i.imports.Rejects(r.Context(), callerOf(r.Context()), r.PathValue("id"))
	if err != nil {
		rpc.WriteError(w, i.status(err))
		return
	}
	if rejects.Empty() {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	kind := "text/csv; charset=utf-8"
	if rejects.Format == responsefile.JSONL {
		kind = "application/x-ndjson"
	}
	name := strings.TrimSuffix(rejects.Name, filepath.Ext(rejects.Name)) + ".rejects." + string(rejects.Format)
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := rejects.WriteTo(r.Context(), w); err != nil {
		i.o.Log.Warn("refused rows could not be sent whole", zap.String("import", r.PathValue("id")), zap.Error(err))
		panic(http.ErrAbortHandler) // the status is sent: a broken connection says that rows are missing
	}
}

// GetImport says how far an import is.
func (i *Imports) GetImport(ctx context.Context, req *collectorv1.GetImportRequest) (*collectorv1.GetImportResponse, error) {
	ctx, err := i.o.admitCall(ctx)
	if err != nil {
		return nil, i.status(err)
	}
	imported, err := i.imports.Get(ctx, callerOf(ctx), req.GetId())
	if err != nil {
		return nil, i.status(err)
	}
	return &collectorv1.GetImportResponse{Import: imported}, nil
}

// Pages of a list.
const (
	defaultPage = 50
	maxPage     = 200
)

// ListImports has the newest imports first.
func (i *Imports) ListImports(ctx context.Context, req *collectorv1.ListImportsRequest) (*collectorv1.ListImportsResponse, error) {
	ctx, err := i.o.admitCall(ctx)
	if err != nil {
		return nil, i.status(err)
	}
	size := int(req.GetPageSize())
	switch {
	case size == 0:
		size = defaultPage
	case size < 0 || size > maxPage:
		return nil, invalidFields([]response.Violation{{Path: "pageSize", Problem: fmt.Sprintf("must be 1 to %d", maxPage)}})
	}
	page, more, err := i.imports.List(ctx, callerOf(ctx), req.GetPageToken(), size)
	if errors.Is(err, imports.ErrUnknown) {
		return nil, invalidFields([]response.Violation{{Path: "pageToken", Problem: "is none of this list: begin again"}})
	}
	if err != nil {
		return nil, i.status(err)
	}
	resp := &collectorv1.ListImportsResponse{Imports: page}
	if more {
		resp.NextPageToken = page[len(page)-1].GetId()
	}
	return resp, nil
}

// CancelImport stops an import between two rows.
func (i *Imports) CancelImport(ctx context.Context, req *collectorv1.CancelImportRequest) (*collectorv1.CancelImportResponse, error) {
	ctx, err := i.o.admitCall(ctx)
	if err != nil {
		return nil, i.status(err)
	}
	imported, err := i.imports.Cancel(ctx, callerOf(ctx), req.GetId())
	if err != nil {
		return nil, i.status(err)
	}
	return &collectorv1.CancelImportResponse{Import: imported}, nil
}

// status is the one place where an import's error becomes an answer.
func (i *Imports) status(err error) error {
	switch {
	case err == nil || rpc.Reason(err) != "":
		return err
	case errors.Is(err, imports.ErrUnknown):
		return rpc.Refused(codes.NotFound, "IMPORT_UNKNOWN", "there is no such import, or it is no longer kept")
	case errors.Is(err, imports.ErrExpired):
		return rpc.Refused(codes.NotFound, "REJECTS_EXPIRED", "the refused rows are no longer kept")
	case errors.Is(err, imports.ErrTooLarge):
		return rpc.Refused(codes.ResourceExhausted, "BODY_TOO_LARGE", fmt.Sprintf("the file is larger than %d bytes; send it in pieces, or with rappel replay", i.most))
	}
	return i.o.status(err)
}
