using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Threading;

namespace Depthbridge.Runner
{
    /// <summary>
    /// Round trips over one WebSocket on one thread. bench-echo HOST:PORT TRIPS: a message of the size of a frame of 200
    /// records, and back, with nothing of ours. bench-socket-echo: the same over the bridge's own WebSocket. bench-trips HOST:PORT SYMBOL TRIPS: such a frame from the ring, flagged
    /// for an answer, until acknowledgement and measures are read.
    /// </summary>
    public static class TripBench
    {
        private const int Count = 200;
        private const int Warm = 100;
        private const int Room = 1 << 16;

        public static int Echo(string[] arguments)
        {
            var trips = int.Parse(arguments[1]);
            var message = new byte[FrameWriter.SizeOf(Count)];
            new Random(1).NextBytes(message);
            var room = new byte[Room];
            var micros = new List<double>();
            using (var socket = new ClientWebSocket())
            {
                socket.Options.Proxy = new WebProxy();
                socket.ConnectAsync(new Uri("ws://" + arguments[0] + "/"), CancellationToken.None).Wait();
                for (var i = 0; i < Warm + trips; i++)
                {
                    var begin = Stopwatch.GetTimestamp();
                    socket.SendAsync(new ArraySegment<byte>(message), WebSocketMessageType.Binary, true, CancellationToken.None).Wait();
                    var got = Whole(socket, room);
                    var took = Micros(Stopwatch.GetTimestamp() - begin);
                    if (got != message.Length)
                    {
                        throw new InvalidOperationException("the echo gave " + got);
                    }
                    if (i >= Warm)
                    {
                        micros.Add(took);
                    }
                }
                socket.Abort();
            }
            return Report(micros);
        }

        public static int SocketEcho(string[] arguments)
        {
            var trips = int.Parse(arguments[1]);
            var message = new byte[FrameWriter.SizeOf(Count)];
            new Random(1).NextBytes(message);
            var reader = new WebSocketReader();
            var writer = new WebSocketWriter();
            var micros = new List<double>();
            using (var socket = Greeted(arguments[0], reader))
            {
                for (var i = 0; i < Warm + trips; i++)
                {
                    var begin = Stopwatch.GetTimestamp();
                    var size = writer.Write(WebSocketWriter.Binary, message, message.Length, 0x3d21fa37);
                    socket.Send(writer.Buffer, 0, size, SocketFlags.None);
                    while (!reader.Next())
                    {
                        Fill(socket, reader);
                    }
                    if (i >= Warm)
                    {
                        micros.Add(Micros(Stopwatch.GetTimestamp() - begin));
                    }
                }
            }
            return Report(micros);
        }

        public static int Trips(string[] arguments)
        {
            var trips = int.Parse(arguments[2]);
            var stream = new PublishedStream(new StreamDefinition(arguments[1], 0.25, 1, 50, 10));
            var publisher = new Publisher(FlowBench.HelloOf(), true);
            publisher.Add(stream);
            var transport = new WebSocketTransport(arguments[0], "");
            transport.Open(5000);
            transport.SendText(publisher.Connected(BridgeClock.MonotonicNs));
            while (publisher.Link != Link.Up)
            {
                publisher.Receive(transport.Receive(), BridgeClock.MonotonicNs);
            }
            var events = new EventSource(stream);
            var micros = new List<double>();
            for (var i = 0; micros.Count < trips; i++)
            {
                events.Tell(Count);
                var begin = Stopwatch.GetTimestamp();
                var frames = Send(publisher, transport);
                Answered(publisher, transport, stream.End - 1);
                var took = Micros(Stopwatch.GetTimestamp() - begin);
                // A check in the middle cuts a frame in two: only whole ones are counted.
                if (i >= Warm && frames == 1)
                {
                    micros.Add(took);
                }
            }
            transport.SendText(publisher.Bye());
            transport.Close();
            return Report(micros);
        }

        public static double Micros(long ticks)
        {
            return ticks * 1e6 / Stopwatch.Frequency;
        }

        public static int Report(List<double> micros)
        {
            micros.Sort();
            Console.Out.WriteLine(Lines.Json(json => json.BeginObject().Member("p50", micros[micros.Count / 2])
                .Member("p99", micros[micros.Count * 99 / 100]).Member("trips", (long)micros.Count).EndObject()));
            return 0;
        }

        private static Socket Greeted(string address, WebSocketReader reader)
        {
            var server = new Uri("http://" + address + "/");
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Connect(IPAddress.Parse(server.Host), server.Port);
            var handshake = new WebSocketHandshake(address, "", new byte[WebSocketHandshake.NonceSize]);
            socket.Send(handshake.Request);
            var answer = new byte[WebSocketHandshake.MostBytes];
            int have = 0, head;
            do
            {
                have += socket.Receive(answer, have, answer.Length - have, SocketFlags.None);
                head = handshake.Judge(answer, have);
            }
            while (head == 0);
            reader.Add(answer, head, have - head);
            return socket;
        }

        private static void Fill(Socket socket, WebSocketReader reader)
        {
            var room = reader.Room();
            reader.Took(socket.Receive(room.Array, room.Offset, room.Count, SocketFlags.None));
        }

        private static int Whole(ClientWebSocket socket, byte[] room)
        {
            var count = 0;
            while (true)
            {
                var part = socket.ReceiveAsync(new ArraySegment<byte>(room, count, room.Length - count), CancellationToken.None)
                    .GetAwaiter().GetResult();
                count += part.Count;
                if (part.EndOfMessage)
                {
                    return count;
                }
            }
        }

        /// <summary>Send all there is; how many messages that were.</summary>
        private static int Send(Publisher publisher, ITransport transport)
        {
            var messages = 0;
            for (var next = publisher.Next(BridgeClock.MonotonicNs, BridgeClock.WallNs); next != null;
                next = publisher.Next(BridgeClock.MonotonicNs, BridgeClock.WallNs))
            {
                messages++;
                if (next.Text != null)
                {
                    transport.SendText(next.Text);
                }
                else
                {
                    transport.SendFrame(next.Buffer, next.Count);
                }
            }
            return messages;
        }

        private static void Answered(Publisher publisher, ITransport transport, long last)
        {
            var acked = false;
            var measured = false;
            while (!acked || !measured)
            {
                var message = transport.Receive();
                publisher.Receive(message, BridgeClock.MonotonicNs);
                acked |= message.Type == ServerMessageType.Ack && message.Ack.Seq >= last;
                measured |= message.Type == ServerMessageType.Metrics && message.Metrics.Seq >= last;
            }
        }
    }
}
