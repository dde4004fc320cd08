package dbconn

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"sync"

	"carstock/pkg/settings"
)

// configFiles are the files that a Config names. All copies of a valid Config share them. Each is read once, and again
// when a new connection is made after it has changed.
type configFiles struct {
	paths                   filePaths
	password, ca, cert, key *settings.File

	mu    sync.Mutex
	roots *x509.CertPool   // of the authority; nil if its file holds no certificate
	pair  *tls.Certificate // of the client; nil if it could not be read
}

// filePaths are the paths of configFiles; "" for a file that is not set.
type filePaths struct{ password, ca, cert, key string }

// openFiles sets c.files to the files that the settings name. It reads none of them.
func (c *Config) openFiles() {
	paths := filePaths{c.PasswordFile, c.SSL.CA, c.SSL.Cert, c.SSL.Key}
	if c.files != nil && c.files.paths == paths {
		return
	}
	c.files = &configFiles{
		paths:    paths,
		password: settings.NewFile(paths.password),
		ca:       settings.NewFile(paths.ca),
		cert:     settings.NewFile(paths.cert),
		key:      settings.NewFile(paths.key),
	}
}

// readPassword returns the content of DB_PASSWORD_FILE without the line breaks at its end.
func (f *configFiles) readPassword() (settings.Secret, error) {
	text, _, err := f.password.Read()
	if err != nil {
		return "", fmt.Errorf("DB_PASSWORD_FILE: %w", err)
	}
	return settings.Secret(strings.TrimRight(string(text), "\r\n")), nil
}

// readRoots returns the certificates of DB_SSL_CA.
func (f *configFiles) readRoots() (*x509.CertPool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()

	text, isNew, err := f.ca.Read()
	if err != nil {
		return nil, fmt.Errorf("DB_SSL_CA: %w", err)
	}

	// Without a certificate in it, the file stays an error until it changes.
	if isNew {
		f.roots = nil
		if pool := x509.NewCertPool(); pool.AppendCertsFromPEM(text) {
			f.roots = pool
		}
	}
	if f.roots == nil {
		return nil, fmt.Errorf("DB_SSL_CA: %s holds no PEM certificate", f.paths.ca)
	}

	return f.roots, nil
}

// readPair returns the certificate of DB_SSL_CERT with the key of DB_SSL_KEY.
func (f *configFiles) readPair() (tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()

	cert, isNewCert, err := f.cert.Read()
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("DB_SSL_CERT: %w", err)
	}
	key, isNewKey, err := f.key.Read()
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("DB_SSL_KEY: %w", err)
	}

	// While the two do not fit, as when only one of them has been replaced yet, each call returns the error.
	if isNewCert || isNewKey || f.pair == nil {
		f.pair = nil
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return tls.Certificate{}, fmt.Errorf("DB_SSL_CERT, DB_SSL_KEY: %w", err)
		}
		f.pair = &pair
	}

	return *f.pair, nil
}
