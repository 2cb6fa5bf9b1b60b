// `client ADDR TIMEOUT` makes a call of addOrder, and prints its code and how long it took in ms.
// `server` prints its address, and never answers: each call waits until its deadline, or until it is cancelled.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	if os.Args[1] == "server" {
		server()
	} else {
		client(os.Args[2], os.Args[3])
	}
}

func client(addr, timeout string) {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	defer conn.Close()
	duration, err := time.ParseDuration(timeout)
	check(err)
	// Connect before the time is measured.
	id := wrapperspb.String("102")
	err = conn.Invoke(context.Background(), "/ecommerce.OrderManagement/getOrder", id, &emptypb.Empty{})
	check(err)

	ctx, cancel := context.WithTimeout(context.Background(), duration)
	defer cancel()
	// An order with the id "1" and the item "lamp", in protobuf's encoding. So this needs no generated code.
	order := &emptypb.Empty{}
	order.ProtoReflect().SetUnknown([]byte("\x0a\x011\x12\x04lamp"))
	start := time.Now()
	err = conn.Invoke(ctx, "/ecommerce.OrderManagement/addOrder", order, &wrapperspb.StringValue{})
	fmt.Println(status.Code(err), time.Since(start).Milliseconds())
}

func server() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println("listening on", listener.Addr())
	wait := func(_ any, stream grpc.ServerStream) error {
		<-stream.Context().Done()
		// Which is DEADLINE_EXCEEDED or CANCELLED.
		fmt.Println(status.FromContextError(stream.Context().Err()).Code())
		return stream.Context().Err()
	}
	check(grpc.NewServer(grpc.UnknownServiceHandler(wait)).Serve(listener))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
