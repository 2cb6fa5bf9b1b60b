// A server of grpc-go with its default settings, for a test of the example keepalive.
//
// It answers every call by sending each message back. All messages of the service
// grpc.examples.echo.Echo have one field, a string with number 1, and so has StringValue.
package main

import (
	"fmt"
	"io"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func echo(_ any, stream grpc.ServerStream) error {
	for {
		message := new(wrapperspb.StringValue)
		if err := stream.RecvMsg(message); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := stream.SendMsg(message); err != nil {
			return err
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", listener.Addr())
	log.Fatal(grpc.NewServer(grpc.UnknownServiceHandler(echo)).Serve(listener))
}
