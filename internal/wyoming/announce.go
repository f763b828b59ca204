package wyoming

import (
	"context"
	"fmt"
	"net"
	"slices"

	"github.com/brutella/dnssd"
	"github.com/brutella/dnssd/log"
)

// serviceType is what Home Assistant looks for by mDNS.
const serviceType = "_wyoming._tcp"

// announce tells the network by mDNS (RFC 6762 and 6763) that a server listens there, until ctx ends. A name that another
// one has already gets a number.
func announce(ctx context.Context, name string, at net.Addr) error {
	tcp, ok := at.(*net.TCPAddr)
	if !ok {
		return fmt.Errorf("only a TCP address can be announced, not %v", at)
	}
	interfaces, err := interfacesOf(tcp.IP)
	if err != nil {
		return err
	}
	service, err := dnssd.NewService(dnssd.Config{Name: name, Type: serviceType, Port: tcp.Port, Ifaces: interfaces})
	if err != nil {
		return err
	}
	log.Info.Disable() // of other programs' packets, which nobody here can mend
	responder, err := dnssd.NewResponder()
	if err != nil {
		return err
	}
	if _, err := responder.Add(service); err != nil {
		return err
	}
	if err := responder.Respond(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// interfacesOf returns the names of the network interfaces where an address is reached; of that for all addresses, of
// those that are up and lead to other machines.
func interfacesOf(ip net.IP) (names []string, err error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		addresses, err := i.Addrs()
		if err != nil || i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 || i.Flags&net.FlagMulticast == 0 {
			continue
		}
		has := func(a net.Addr) bool {
			n, ok := a.(*net.IPNet)
			return ok && n.IP.Equal(ip)
		}
		if ip.IsUnspecified() || slices.ContainsFunc(addresses, has) {
			names = append(names, i.Name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no network interface that mDNS could be sent on has the address %v", ip)
	}
	return names, nil
}
