// A receiver as programs make them with go-lumber: every event is a line of JSON in a file, safe on the disk before
// its batch is acknowledged.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"log"
	"os"
	"time"

	"github.com/elastic/go-lumber/server"
)

func main() {
	address := flag.String("listen", "127.0.0.1:5044", "where to listen")
	out := flag.String("out", "events.ndjson", "where events go")
	delay := flag.Duration("delay", 0, "how long a batch takes")
	certificate := flag.String("certificate", "", "with -key: speak TLS")
	key := flag.String("key", "", "of the certificate")
	clients := flag.String("clients", "", "authorities of the certificates that clients must show")
	flag.Parse()

	options := []server.Option{server.V2(true), server.Keepalive(100 * time.Millisecond)}
	if *certificate != "" {
		options = append(options, server.TLS(secured(*certificate, *key, *clients)))
	}
	file, err := os.OpenFile(*out, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(err)
	receiver, err := server.ListenAndServe(*address, options...)
	must(err)
	for batch := range receiver.ReceiveChan() {
		time.Sleep(*delay)
		var lines bytes.Buffer
		encoder := json.NewEncoder(&lines)
		for _, event := range batch.Events {
			must(encoder.Encode(event))
		}
		_, err := file.Write(lines.Bytes()) // at once: a kill leaves whole lines
		must(err)
		must(file.Sync())
		batch.ACK()
	}
}

func secured(certificate, key, clients string) *tls.Config {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	must(err)
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if clients != "" {
		authorities, err := os.ReadFile(clients)
		must(err)
		config.ClientCAs = x509.NewCertPool()
		config.ClientCAs.AppendCertsFromPEM(authorities)
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return config
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
