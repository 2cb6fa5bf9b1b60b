// The examples' services and a balancing client with grpc-go, for the comparison in main.rs. Both sides do
// the same work: they check, store and log the same things. The package `pb` is generated from `proto/proto`.
//
//	server ADDR
//	client CALLS CONCURRENCY ADDR...
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"

	"beside/pb"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func main() {
	log.SetFlags(0)
	log.SetOutput(os.Stdout)
	if os.Args[1] == "server" {
		server(os.Args[2])
	} else {
		client(os.Args[2], os.Args[3], os.Args[4:])
	}
}

func server(addr string) {
	listener, err := net.Listen("tcp", addr)
	check(err)
	log.Printf("server | listening on %s", listener.Addr())
	server := grpc.NewServer(grpc.MaxConcurrentStreams(200))
	pb.RegisterProductInfoServer(server, &products{byID: map[string]*pb.Product{}})
	pb.RegisterOrderManagementServer(server, newOrders())
	pb.RegisterEchoServer(server, &echo{from: listener.Addr().String()})
	check(server.Serve(listener))
}

type echo struct {
	pb.UnimplementedEchoServer
	from string
}

func (e *echo) answer(message string) *pb.EchoResponse {
	return &pb.EchoResponse{Message: fmt.Sprintf("%s (from %s)", message, e.from)}
}

func (e *echo) UnaryEcho(_ context.Context, request *pb.EchoRequest) (*pb.EchoResponse, error) {
	return e.answer(request.Message), nil
}

func (e *echo) BidirectionalStreamingEcho(stream pb.Echo_BidirectionalStreamingEchoServer) error {
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(e.answer(request.Message)); err != nil {
			return err
		}
	}
}

type products struct {
	pb.UnimplementedProductInfoServer
	mutex sync.RWMutex
	byID  map[string]*pb.Product
}

func badPrice(price float32) bool {
	return price < 0 || math.IsNaN(float64(price)) || math.IsInf(float64(price), 0)
}

func (p *products) AddProduct(_ context.Context, product *pb.Product) (*pb.ProductID, error) {
	product.Id = uuid.NewString()
	if strings.TrimSpace(product.Name) == "" || badPrice(product.Price) {
		return nil, status.Error(codes.InvalidArgument, "a product needs a name and a price")
	}
	log.Printf("server | storing %s %q", product.Id, product.Name)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.byID[product.Id] = product
	return &pb.ProductID{Value: product.Id}, nil
}

type orders struct {
	pb.UnimplementedOrderManagementServer
	mutex sync.RWMutex
	byID  map[string]*pb.Order
	// Sorted.
	ids []string
}

func newOrders() *orders {
	orders := &orders{byID: map[string]*pb.Order{}}
	mountainView, sanJose := "Mountain View, CA", "San Jose, CA"
	orders.put(&pb.Order{Id: "102", Items: []string{"Google Pixel 3A", "Mac Book Pro"}, Destination: mountainView, Price: 1800})
	orders.put(&pb.Order{Id: "103", Items: []string{"Apple Watch S4"}, Destination: sanJose, Price: 400})
	orders.put(&pb.Order{Id: "104", Items: []string{"Google Home Mini", "Google Nest Hub"}, Destination: mountainView, Price: 400})
	orders.put(&pb.Order{Id: "105", Items: []string{"Amazon Echo"}, Destination: sanJose, Price: 30})
	orders.put(&pb.Order{Id: "106", Items: []string{"Amazon Echo", "Apple iPhone XS"}, Destination: mountainView, Price: 300})
	return orders
}

func (o *orders) get(id string) (*pb.Order, error) {
	o.mutex.RLock()
	defer o.mutex.RUnlock()
	if order, ok := o.byID[id]; ok {
		return order, nil
	}
	return nil, status.Errorf(codes.NotFound, "order %q does not exist", id)
}

func (o *orders) put(order *pb.Order) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if _, ok := o.byID[order.Id]; !ok {
		at := sort.SearchStrings(o.ids, order.Id)
		o.ids = append(o.ids, "")
		copy(o.ids[at+1:], o.ids[at:])
		o.ids[at] = order.Id
	}
	o.byID[order.Id] = order
}

func invalid(order *pb.Order) error {
	if strings.TrimSpace(order.Id) == "" || len(order.Items) == 0 || badPrice(order.Price) {
		return status.Error(codes.InvalidArgument, "an order needs an id, items and a price")
	}
	return nil
}

func (o *orders) AddOrder(_ context.Context, order *pb.Order) (*wrapperspb.StringValue, error) {
	if err := invalid(order); err != nil {
		return nil, err
	}
	log.Printf("server | addOrder: storing %q", order.Id)
	o.put(order)
	return wrapperspb.String("Order Added: " + order.Id), nil
}

// firstMatchAfter finds the first order after the id `after` that has an item with `text` in its name.
func (o *orders) firstMatchAfter(after, text string) *pb.Order {
	o.mutex.RLock()
	defer o.mutex.RUnlock()
	from := sort.Search(len(o.ids), func(at int) bool { return o.ids[at] > after })
	for _, id := range o.ids[from:] {
		for _, item := range o.byID[id].Items {
			if strings.Contains(item, text) {
				return o.byID[id]
			}
		}
	}
	return nil
}

func (o *orders) SearchOrders(text *wrapperspb.StringValue, stream pb.OrderManagement_SearchOrdersServer) error {
	last := ""
	for order := o.firstMatchAfter(last, text.Value); order != nil; order = o.firstMatchAfter(last, text.Value) {
		last = order.Id
		if err := stream.Send(order); err != nil {
			return err
		}
	}
	return nil
}

func (o *orders) UpdateOrders(stream pb.OrderManagement_UpdateOrdersServer) error {
	var answer strings.Builder
	answer.WriteString("Updated Order IDs:")
	for {
		order, err := stream.Recv()
		if err == io.EOF {
			return stream.SendAndClose(wrapperspb.String(answer.String()))
		}
		if err != nil {
			return err
		}
		if _, err := o.get(order.Id); err != nil {
			return err
		}
		if err := invalid(order); err != nil {
			return err
		}
		answer.WriteString(" " + order.Id)
		log.Printf("server | updateOrders: replacing %q", order.Id)
		o.put(order)
	}
}

func (o *orders) ProcessOrders(stream pb.OrderManagement_ProcessOrdersServer) error {
	batch, count := map[string]*pb.CombinedShipment{}, 0
	ship := func() error {
		destinations := make([]string, 0, len(batch))
		for destination := range batch {
			destinations = append(destinations, destination)
		}
		sort.Strings(destinations)
		for _, destination := range destinations {
			log.Printf("server | processOrders: shipping %q", batch[destination].Id)
			if err := stream.Send(batch[destination]); err != nil {
				return err
			}
		}
		batch, count = map[string]*pb.CombinedShipment{}, 0
		return nil
	}
	for {
		id, err := stream.Recv()
		if err == io.EOF {
			return ship()
		}
		if err != nil {
			return err
		}
		order, err := o.get(id.Value)
		if err != nil {
			return err
		}
		if batch[order.Destination] == nil {
			batch[order.Destination] = &pb.CombinedShipment{Id: "cmb - " + order.Destination, Status: "Processed!"}
		}
		shipment := batch[order.Destination]
		shipment.OrdersList = append(shipment.OrdersList, order)
		if count++; count == 3 {
			if err := ship(); err != nil {
				return err
			}
		}
	}
}

func client(calls, concurrency string, addrs []string) {
	total, err := strconv.Atoi(calls)
	check(err)
	callers, err := strconv.Atoi(concurrency)
	check(err)
	backends := manual.NewBuilderWithScheme("backends")
	state := resolver.State{}
	for _, addr := range addrs {
		state.Addresses = append(state.Addresses, resolver.Address{Addr: addr})
	}
	backends.InitialState(state)
	conn, err := grpc.NewClient("backends:///echo", grpc.WithResolvers(backends),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`))
	check(err)
	stub := pb.NewEchoClient(conn)
	var group sync.WaitGroup
	for caller := range callers {
		group.Add(1)
		go func() {
			defer group.Done()
			for range (total + caller) / callers {
				_, err := stub.UnaryEcho(context.Background(), &pb.EchoRequest{Message: "hello"})
				check(err)
			}
		}()
	}
	group.Wait()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
