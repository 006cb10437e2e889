// Command http-echo answers every HTTP request with one text: the smallest application that can show whose instance
// answered. Its flags are those of hashicorp/http-echo. Beyond them it can be the caller, for tests of who reaches
// whom: -get and -dial end with exit code 0 when the other side answered and 1 when it did not.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// maxBody bounds what -get prints: a test wants a page, not a download.
const maxBody = 1 << 20

// shutdownGrace is how long requests in flight may take after SIGTERM; below the 30 s of Kubernetes.
const shutdownGrace = 5 * time.Second

func main() {
	listen := flag.String("listen", ":5678", "address and port to listen on")
	text := flag.String("text", os.Getenv("ECHO_TEXT"), "text to answer with (or the variable ECHO_TEXT)")
	status := flag.Int("status-code", http.StatusOK, "HTTP status to answer with")
	get := flag.String("get", "", "fetch this URL, print status and body, and end")
	dial := flag.String("dial", "", "open a TCP connection to this host:port, and end")
	timeout := flag.Duration("timeout", 3*time.Second, "how long -get and -dial may take")
	flag.Parse()

	var err error
	switch {
	case *get != "":
		err = fetch(*get, *timeout)
	case *dial != "":
		err = connect(*dial, *timeout)
	case *text == "":
		err = errors.New("no text to answer with: give -text or ECHO_TEXT")
	default:
		err = serve(*listen, *text, *status)
	}
	if err != nil {
		log.SetFlags(0)
		log.Fatal(err)
	}
}

func fetch(url string, timeout time.Duration) error {
	client := http.Client{Timeout: timeout}
	answer, err := client.Get(url)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxBody))
	if err != nil {
		return err
	}
	fmt.Printf("%s\n%s", answer.Status, body)
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s answered %s", url, answer.Status)
	}
	return nil
}

func connect(address string, timeout time.Duration) error {
	connection, err := net.DialTimeout("tcp", address, timeout)
	if err != nil {
		return err
	}
	fmt.Printf("connected to %s\n", connection.RemoteAddr())
	return connection.Close()
}

func serve(listen, text string, status int) error {
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprintln(w, text)
	})
	server := http.Server{Addr: listen, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	done := make(chan error, 1)
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), shutdownGrace)
		defer cancel()
		done <- server.Shutdown(grace)
	}()
	log.Printf("listening on %s", listen)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-done
}
