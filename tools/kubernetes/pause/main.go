// Command pause holds a pod's namespaces open: it is the first process of every pod and does nothing but wait, and reap
// the processes that a shared process namespace leaves to it.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// version is the image's tag; it changes when this file does.
const version = "1"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "-version" {
		fmt.Println("pause " + version)
		return
	}
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for {
			// Several children may have ended behind one signal.
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
}
